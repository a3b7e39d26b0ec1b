"""The API's own endpoints, and what stands before them: from a request to its answer."""
