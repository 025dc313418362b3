"""What is kept: generators and their versions, names and history, the scores that follow, and its soundness."""
