"""The History page: versions of the network, compared and named."""
