"""What happens to samples: pure numpy modules, and thin Beam steps over them in ``transforms.steps``."""
