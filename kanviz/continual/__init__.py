"""Learn tasks one after another: measure what a network retains and what that costs, and protect what it knows."""
