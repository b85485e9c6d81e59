"""The face model, and what is computed with it: meshes, landmarks, pose and camera."""
