"""What the project promises about its speed, measured beside its floors. No part of the package."""
