"""What guards an application, by framework."""
