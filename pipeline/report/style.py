"""The look of the report."""

CSS = """
:root { --ink: #25303b; --soft: #66727e; --line: #e3e7eb; --back: #f6f7f8; --card: #fff; --accent: #2f6f8f; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 27px; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; margin: 0 0 4px; }
h1 span { color: var(--soft); font-weight: 400; }
h2 { font-size: 18px; font-weight: 650; margin: 40px 0 4px; }
p { margin: 4px 0 12px; max-width: 76ch; }
.note { color: var(--soft); font-size: 14px; }
.card, .tile, .sheet figure, .plots figure, .scroll {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.card { padding: 16px 18px; margin: 12px 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(108px, 1fr)); gap: 10px; margin: 18px 0 12px; }
.tile { padding: 10px 12px; }
.tile b { display: block; font-size: 22px; white-space: nowrap; line-height: 1.3;
  font-weight: 650; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 0; font-size: 14px; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 14px; margin: 14px 0; }
.sheet figure { margin: 0; overflow: hidden; }
.sheet img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: #e9ecef; }
figcaption { padding: 7px 10px 9px; font-size: 12.5px; line-height: 1.4; overflow-wrap: anywhere; }
figcaption span { color: var(--soft); display: block; font-variant-numeric: tabular-nums; }
.strips { display: grid; gap: 12px; margin: 12px 0;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, calc(var(--tiles) * 150px)), 1fr)); }
.strip { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 12px 4px;
  break-inside: avoid; }
h3 { font-size: 13.5px; font-weight: 600; margin: 0 0 8px; overflow-wrap: anywhere; }
h3 span { color: var(--soft); font-weight: 400; margin-left: 8px; }
.strip div { display: grid; grid-template-columns: repeat(var(--tiles), 1fr); gap: 10px; }
.strip figure { margin: 0; }
.strip img { display: block; width: 100%; aspect-ratio: 1; border-radius: 6px; background: #d8dde2; }
.strip figcaption { padding: 4px 2px 8px; }
.verdict { border-left: 4px solid; border-radius: 4px; background: var(--card); padding: 10px 14px; margin: 12px 0;
  max-width: none; font-weight: 600; overflow-wrap: anywhere; }
.good { border-color: #3f9a6b; }
.bad { border-color: #c0392b; }
.ramp { display: inline-block; width: 130px; height: 10px; border-radius: 3px; vertical-align: middle; margin: 0 6px;
  background: linear-gradient(90deg, #053061, #4393c3, #f7f7f7, #d6604d, #67001f); }
.key { display: inline-block; width: 18px; height: 3px; border-radius: 2px; vertical-align: middle;
  margin: 0 4px 0 10px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 14px; margin: 14px 0; }
.plots figure { margin: 0; padding: 10px; }
svg { display: block; width: 100%; height: auto; }
svg text { font-family: inherit !important; }
.scroll { overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 14px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 500; font-size: 13px; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.total td { font-weight: 600; }
.long td { font-size: 13px; white-space: nowrap; }
.long td:nth-child(2), .long td:last-child { white-space: normal; overflow-wrap: anywhere; min-width: 210px; }
footer { margin-top: 44px; color: var(--soft); font-size: 13px; }
@media (max-width: 520px) {
  main { padding: 18px 12px 40px; }
  .sheet, .strip div { grid-template-columns: 1fr 1fr; gap: 8px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 7px; }
  th, td { padding: 6px 9px; }
}
@media print { body { background: #fff; } .sheet figure, .plots figure, .tile { break-inside: avoid; } }
"""
