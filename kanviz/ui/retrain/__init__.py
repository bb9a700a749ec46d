"""The Retrain page: new rows learned without losing what is known."""
