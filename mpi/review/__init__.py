"""The review desk: pages where people settle what the machine must not decide. No build step."""
