"""What is deployed: manifests, a proxy, load."""
