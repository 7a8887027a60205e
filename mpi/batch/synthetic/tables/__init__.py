"""The tables that people are made of and the script that derived them; README.md says from what."""
