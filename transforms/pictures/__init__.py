"""Pictures as JPEG and PNG, cropped and resampled."""
