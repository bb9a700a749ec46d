"""An empty stand-in: Deep-KAN imports torchvision only for its examples. An installed torchvision has priority."""
