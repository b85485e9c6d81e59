"""The project's z-buffer beside other renderers that run without a screen: accuracy and time.

    pip install embreex moderngl open3d vtk          # each is optional; missing ones are said
    python tests/benchmarks/renderers.py

Each renderer runs in a process of its own, on one core, and gives depth in px and the triangle seen
for a picture of 450 x 450. Accuracy is taken on surfaces of about as many triangles as the face has.
"""

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", LP_NUM_THREADS="0")  # before any of them loads

import numpy as np

SIZE = 450
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE].astype(float)
Render = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]  # depth (-inf: none), triangle (-1: none)


def ours() -> Render:
    from transforms.maps.rasterise import rasterise

    def render(points, triangles):
        raster = rasterise(points, triangles, SIZE, SIZE)
        return raster.depth, raster.triangle

    return render


def rays() -> tuple[np.ndarray, np.ndarray]:
    """One ray through each pixel's centre, from 1000 px before the picture."""
    origins = np.stack([COLUMNS, ROWS, np.full_like(ROWS, 1000)], axis=-1)
    return origins.astype(np.float32), np.broadcast_to(np.float32([0, 0, -1]), origins.shape)


def embreex() -> Render:
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    origins, directions = (np.ascontiguousarray(values.reshape(-1, 3)) for values in rays())

    def render(points, triangles):
        scene = EmbreeScene()
        TriangleMesh(scene, points.astype(np.float32), triangles)
        hits = scene.run(origins, directions, output=1)
        seen, distance = hits["primID"].reshape(SIZE, SIZE), hits["tfar"].reshape(SIZE, SIZE)
        return np.where(seen >= 0, 1000 - distance.astype(float), -np.inf), seen

    return render


def open3d() -> Render:
    import open3d

    all_rays = open3d.core.Tensor(np.concatenate(rays(), axis=-1))

    def render(points, triangles):
        scene = open3d.t.geometry.RaycastingScene(nthreads=1)
        scene.add_triangles(
            open3d.core.Tensor(points.astype(np.float32)), open3d.core.Tensor(triangles.astype(np.uint32))
        )
        hits = scene.cast_rays(all_rays, nthreads=1)
        distance = hits["t_hit"].numpy().astype(float)
        return 1000 - distance, np.where(np.isfinite(distance), hits["primitive_ids"].numpy().astype(int), -1)

    return render


def moderngl() -> Render:
    import moderngl

    context = moderngl.create_standalone_context(backend="egl")
    program = context.program(
        vertex_shader=f"""#version 330
            in vec3 point; out float depth;
            void main() {{
                depth = point.z;
                gl_Position = vec4((point.xy + 0.5) / {SIZE / 2} - 1.0, -point.z / 512.0, 1.0);
            }}""",
        fragment_shader="""#version 330
            in float depth; out vec4 seen;
            void main() { seen = vec4(depth, float(gl_PrimitiveID), 0, 1); }""",
    )
    colour = context.texture((SIZE, SIZE), 4, dtype="f4")
    frame = context.framebuffer([colour], context.depth_texture((SIZE, SIZE)))

    def render(points, triangles):
        vertices, indices = context.buffer(points.astype(np.float32)), context.buffer(triangles)
        array = context.vertex_array(program, [(vertices, "3f", "point")], indices)
        frame.use()
        frame.clear()
        context.enable(moderngl.DEPTH_TEST)
        array.render()
        values = np.frombuffer(frame.read(components=4, dtype="f4"), np.float32).reshape(SIZE, SIZE, 4)
        for item in (array, vertices, indices):
            item.release()
        seen = values[:, :, 3] > 0
        return np.where(seen, values[:, :, 0].astype(float), -np.inf), np.where(seen, values[:, :, 1].astype(int), -1)

    return render


def vtk() -> Render:
    import vtkmodules.vtkRenderingOpenGL2  # noqa: F401
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
    from vtkmodules.vtkCommonCore import vtkFloatArray, vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow

    window, renderer, surface, mapper, actor = (
        vtkRenderWindow(),
        vtkRenderer(),
        vtkPolyData(),
        vtkPolyDataMapper(),
        vtkActor(),
    )
    window.SetOffScreenRendering(1)
    window.SetSize(SIZE, SIZE)
    window.SetMultiSamples(0)
    window.AddRenderer(renderer)
    mapper.SetInputData(surface)
    actor.SetMapper(mapper)
    renderer.AddActor(actor)
    view, middle = renderer.GetActiveCamera(), (SIZE - 1) / 2
    view.ParallelProjectionOn()
    view.SetFocalPoint(middle, -middle, 0)
    view.SetPosition(middle, -middle, 512)
    view.SetParallelScale(SIZE / 2)
    view.SetClippingRange(1, 1023)
    values = vtkFloatArray()

    def render(points, triangles):
        place, cells = vtkPoints(), vtkCellArray()
        place.SetData(numpy_to_vtk((points * (1, -1, 1)).astype(np.float32), deep=1))
        starts = numpy_to_vtkIdTypeArray(np.arange(0, triangles.size + 1, 3), deep=1)
        cells.SetData(starts, numpy_to_vtkIdTypeArray(triangles.astype(np.int64).ravel(), deep=1))
        surface.SetPoints(place)
        surface.SetPolys(cells)
        window.Render()
        window.GetZbufferData(0, 0, SIZE - 1, SIZE - 1, values)
        z = vtk_to_numpy(values).reshape(SIZE, SIZE)[::-1].astype(float)
        return np.where(z < 1, 511 - 1022 * z, -np.inf), np.where(z < 1, 0, -1)  # it does not tell triangles

    return render


RENDERERS = {function.__name__: function for function in (ours, embreex, open3d, moderngl, vtk)}


def lattice(steps: int) -> np.ndarray:
    """Triangles over (steps + 1)^2 points in rows, those of the first row on top; they face the viewer."""
    index = np.arange((steps + 1) ** 2).reshape(steps + 1, steps + 1)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, :-1].ravel(), index[1:, 1:].ravel()
    return np.concatenate([np.stack([a, c, b], axis=1), np.stack([b, c, d], axis=1)]).astype(np.int32)


def sphere(steps: int = 230) -> tuple[np.ndarray, np.ndarray]:
    """A sphere of 150.3 px around column 224.7, row 225.2, depth 10."""
    polar, around = np.meshgrid(np.linspace(0, np.pi, steps + 1), np.linspace(0, 2 * np.pi, steps + 1), indexing="ij")
    unit = np.stack([np.sin(polar) * np.sin(around), -np.cos(polar), np.sin(polar) * np.cos(around)], axis=-1)
    return (224.7, 225.2, 10) + 150.3 * unit.reshape(-1, 3), lattice(steps)


def plane(a: float, b: float, depth: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """A square of 40.25..400.75 px, of depth a * column + b * row + depth."""
    row, column = np.meshgrid(*[np.linspace(40.25, 400.75, steps + 1)] * 2, indexing="ij")
    return np.stack([column, row, a * column + b * row + depth], axis=-1).reshape(-1, 3), lattice(steps)


def accuracy(render: Render) -> str:
    """Errors on a sphere, a plane and crossing layers: the cells of the table."""
    depth, _ = render(*sphere())
    distance = np.hypot(COLUMNS - 224.7, ROWS - 225.2)
    inner = distance < 0.97 * 150.3
    error = depth[inner] - 10 - np.sqrt(150.3**2 - distance[inner] ** 2)
    # What the triangles' chords leave out of the circle is at most 0.03 px.
    edge = int((np.isfinite(depth) != (distance < 150.3))[np.abs(distance - 150.3) > 0.03].sum())
    cells = [f"{np.abs(error).max():.3f} / {np.sqrt((error**2).mean()):.4f}", str(edge)]
    depth, _ = render(*plane(0.7, -0.4, 3, 230))
    inside = (np.minimum(COLUMNS, ROWS) > 40.25) & (np.maximum(COLUMNS, ROWS) < 400.75)
    error = np.where(np.isfinite(depth), depth, np.nan) - (0.7 * COLUMNS - 0.4 * ROWS + 3)
    cells += [
        f"{np.nanmax(np.abs(error)):.1e} / {np.sqrt(np.nanmean(error**2)):.1e}",
        str(int((np.isfinite(depth) != inside).sum())),
    ]
    planes = [(0.1, 0.2, 0.0), (0.1, 0.2, 0.05), (-0.3, 0.1, 90.0), (0.25, -0.3, 40.0), (0.1, 0.2, -0.05)]
    meshes = [plane(*some, 100) for some in planes]
    points = np.concatenate([theirs for theirs, _ in meshes])
    triangles = np.concatenate([theirs + number * 101**2 for number, (_, theirs) in enumerate(meshes)])
    depth, seen = render(points, triangles.astype(np.int32))
    depths = np.stack([a * COLUMNS + b * ROWS + c for a, b, c in planes])
    behind = depths.max(axis=0) - np.take_along_axis(depths, np.maximum(seen, 0)[None] // (2 * 100**2), axis=0)[0]
    wrong = behind if seen.max() > 0 else np.abs(depth - depths.max(axis=0))
    return " | ".join([*cells, str(int((wrong > 1e-3)[inside].sum()))])


def face(yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """The synthetic mean face, 0.00133 px per um, in the middle of the picture."""
    from pipeline.demo.face_shape import mean_shape
    from transforms.face.indices import kept_vertices
    from transforms.face.pose import camera, project, rotation

    shape, kept = mean_shape(), kept_vertices()
    renumbered = np.full(len(shape.vertices), -1, np.int32)
    renumbered[kept] = np.arange(len(kept))
    triangles = renumbered[shape.triangles]
    triangles = triangles[(triangles >= 0).all(axis=1)][:, ::-1]  # as published, they wind inward
    turned = rotation(np.radians([[10, yaw, 5]]))
    cameras = camera(turned, np.zeros((1, 2)), np.array([0.00133]), np.array([SIZE - 1.0]))
    points = project(cameras, shape.vertices[kept][None])[0]
    points[:, :2] += SIZE / 2 - (points.min(axis=0) + points.max(axis=0))[:2] / 2
    return points, np.ascontiguousarray(triangles)


def measure(name: str) -> str:
    """A row of the table."""
    points, triangles = face(30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    render = RENDERERS[name]()
    render(points, triangles)
    start = time.perf_counter() - started
    seconds = []
    for yaw in (0, 30, 70):
        mesh = face(yaw)
        render(*mesh)
        for _ in range(10):
            started = time.perf_counter()
            render(*mesh)
            seconds.append(time.perf_counter() - started)
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return f"| {name} | {1000 * np.median(seconds):.1f} | {start:.2f} | {memory:.0f} | {accuracy(render)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=RENDERERS)
    only = parser.parse_args().only
    if only:
        print(measure(only))
        return
    print("| renderer | ms | start and first picture s | memory MiB | sphere max / rms px | edge pixels wrong ", end="")
    print("| plane max / rms px | edge pixels wrong | wrong layer |\n|---|" + "---|" * 8, flush=True)
    for name in RENDERERS:
        module = {"ours": "transforms", "vtk": "vtkmodules"}.get(name, name)
        if importlib.util.find_spec(module) is None:
            print(f"| {name} | not installed |" + " |" * 7)
            continue
        done = subprocess.run([sys.executable, __file__, "--only", name], capture_output=True, text=True)
        last = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()[-1]
        print(last if done.returncode == 0 else f"| {name} | failed: {last} |" + " |" * 7, flush=True)


if __name__ == "__main__":
    main()
