"""What is on the pictures, a file for each thing that people do."""
