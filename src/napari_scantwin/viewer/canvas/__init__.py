"""What stands on the canvas: layers, rulers, hatching, crosshair, read-out."""
