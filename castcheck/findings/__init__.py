"""What is made of what identity found: findings with message, severity, confidence and pictures."""
