"""The one door to TensorFlow, and how networks are trained."""
