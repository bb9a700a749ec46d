"""Learning one thing after another: what a network keeps, what that costs, and how it is protected."""
