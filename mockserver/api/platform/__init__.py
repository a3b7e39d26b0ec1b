"""What the vendor's API has beside images: a module for each service, of handlers for its paths."""
