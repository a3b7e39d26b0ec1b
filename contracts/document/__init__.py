"""The API as an OpenAPI document of a day, built from facts and a skeleton."""
