"""An empty stand-in: Deep-KAN imports torchvision for its examples alone. A real one is found first."""
