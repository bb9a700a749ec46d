"""What learning one thing after another keeps and costs."""
