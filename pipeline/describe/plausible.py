"""How far a face's coefficients plausibly lie from the mean."""

PLAUSIBLE = 5.0  # |coefficient / std|; the Basel Face Model gives no likely face beyond
