"""What changes chats: each service is one transaction; rights are asked first."""
