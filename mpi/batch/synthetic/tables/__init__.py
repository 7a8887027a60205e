"""The tables that people are made of (README.md says where each comes from) and the script that derived them."""
