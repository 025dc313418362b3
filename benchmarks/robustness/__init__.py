"""What is left of an answer when the images were changed on their way."""
