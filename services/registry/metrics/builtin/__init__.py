"""The metrics that every installation has, one readable JSON file each, as a `PUT` takes them."""
