// Draws the decoded faces with WebGL, and turns them with mouse, finger or arrow keys.
"use strict";
(() => {
  const viewer = document.getElementById("viewer");
  const canvas = viewer?.querySelector("canvas");
  const gl = canvas?.getContext("webgl");
  if (!gl) return; // the page then shows the reason instead

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
  const data = JSON.parse(document.getElementById("faces").textContent);
  const triangles = new Uint16Array(bytes(data.triangles));
  const faces = data.faces.map(({ vertices, rotation }) => ({ points: new Int16Array(bytes(vertices)), rotation }));

  let radius = 1;
  for (const { points } of faces)
    for (let i = 0; i < points.length; i += 3) radius = Math.max(radius, Math.hypot(points[i], points[i + 1], points[i + 2]));

  const program = gl.createProgram();
  const compile = (kind, source) => {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  };
  compile(gl.VERTEX_SHADER, `
    attribute vec3 point, normal;
    uniform mat3 turn;
    uniform float scale;
    varying vec3 direction;
    void main() {
      direction = turn * normal;
      vec3 place = turn * point * scale;
      gl_Position = vec4(place.xy, -0.5 * place.z, 1.0);
    }`);
  compile(gl.FRAGMENT_SHADER, `
    precision mediump float;
    varying vec3 direction;
    void main() {
      vec3 normal = normalize(direction);
      vec3 skin = gl_FrontFacing ? vec3(0.95, 0.82, 0.74) : vec3(0.42, 0.46, 0.52);
      if (!gl_FrontFacing) normal = -normal;
      float key = max(dot(normal, normalize(vec3(-0.5, 0.6, 0.75))), 0.0);
      float fill = max(dot(normal, normalize(vec3(0.8, -0.1, 0.5))), 0.0);
      float shine = pow(max(dot(normal, normalize(vec3(-0.25, 0.3, 0.9))), 0.0), 24.0);
      gl_FragColor = vec4(skin * (0.3 + 0.66 * key + 0.2 * fill) + 0.08 * shine, 1.0);
    }`);
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.enable(gl.DEPTH_TEST);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles, gl.STATIC_DRAW);
  const buffers = { point: gl.createBuffer(), normal: gl.createBuffer() };
  const upload = (name, values, kind) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    const place = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, 3, kind, false, 0, 0);
  };

  // Of each vertex, the sum of the normals of its triangles.
  const normals = (points) => {
    const sums = new Float32Array(points.length);
    for (let i = 0; i < triangles.length; i += 3) {
      const [a, b, c] = [3 * triangles[i], 3 * triangles[i + 1], 3 * triangles[i + 2]];
      const [ux, uy, uz] = [points[b] - points[a], points[b + 1] - points[a + 1], points[b + 2] - points[a + 2]];
      const [vx, vy, vz] = [points[c] - points[a], points[c + 1] - points[a + 1], points[c + 2] - points[a + 2]];
      for (const corner of [a, b, c]) {
        sums[corner] += uy * vz - uz * vy;
        sums[corner + 1] += uz * vx - ux * vz;
        sums[corner + 2] += ux * vy - uy * vx;
      }
    }
    return sums;
  };

  let shown = 0, yaw = 0, pitch = 0, frontal = false, pending = 0;
  const draw = () => {
    pending = 0;
    canvas.width = canvas.height = Math.round(canvas.clientWidth * devicePixelRatio);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const r = frontal ? [1, 0, 0, 0, 1, 0, 0, 0, 1] : faces[shown].rotation;
    const [sy, cy, sp, cp] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
    const turn = [];
    for (let k = 0; k < 3; k++) { // columns of Rx(pitch) Ry(yaw) R
      const x = cy * r[k] + sy * r[6 + k], z = cy * r[6 + k] - sy * r[k];
      turn.push(x, cp * r[3 + k] - sp * z, sp * r[3 + k] + cp * z);
    }
    gl.uniformMatrix3fv(gl.getUniformLocation(program, "turn"), false, turn);
    gl.uniform1f(gl.getUniformLocation(program, "scale"), 1.1 / radius);
    gl.drawElements(gl.TRIANGLES, triangles.length, gl.UNSIGNED_SHORT, 0);
  };
  const redraw = () => { pending ||= requestAnimationFrame(draw); };
  const turnBy = (right, down) => {
    yaw += right;
    pitch = Math.min(Math.max(pitch + down, -1.5), 1.5);
    redraw();
  };
  const choices = [...viewer.querySelectorAll("[data-face]")];
  const show = (number) => {
    shown = number;
    choices.forEach((choice, i) => choice.setAttribute("aria-pressed", i === number));
    upload("point", faces[number].points, gl.SHORT);
    upload("normal", normals(faces[number].points), gl.FLOAT);
    redraw();
  };

  choices.forEach((choice, number) => choice.addEventListener("click", () => show(number)));
  for (const button of viewer.querySelectorAll("[data-view]"))
    button.addEventListener("click", () => {
      frontal = button.dataset.view === "frontal";
      yaw = pitch = 0;
      redraw();
    });
  let last; // event of the drag
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = event;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    const angle = 4 / canvas.clientWidth;
    turnBy(angle * (event.clientX - last.clientX), angle * (event.clientY - last.clientY));
    last = event;
  });
  const keys = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
  canvas.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    turnBy(...keys[event.key]);
  });
  new ResizeObserver(redraw).observe(canvas);
  viewer.classList.add("ready");
  show(0);
})();
