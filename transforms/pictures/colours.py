"""The colours of the report and the contact sheet: CSS colours, which matplotlib and Pillow also accept."""

INK, LINE, BACK = "#25303b", "#e3e7eb", "#f6f7f8"  # text, rules, background
ACCENT = "#2f6f8f"  # bars, masks
EMPTY = "#aab2ba"  # pixels of a map without a value
EMPTY_DEPTH = "#3a4e6e"  # the commonest value of a depth file
BAD = "#c0392b"
REFERENCE = "#9aa5b0"  # lines that data are compared with
SPLITS = ("#4a7ab5", "#e59a3c", "#5aa37c", "#b26aa8", "#8c7355", "#7d8794")
HALVES = {"identity": "#4a7ab5", "expression": "#c8643f"}
AXES = ("#e83e3e", "#28be55", "#3c78ff")  # x, y, z
DIFFERENCE = ("#053061", "#4393c3", "#f7f7f7", "#d6604d", "#67001f")  # from negative to positive
