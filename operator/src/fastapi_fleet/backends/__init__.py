"""The only code that speaks to PostgreSQL and RabbitMQ.

It knows nothing of Kubernetes: names, passwords and owners come from the caller.
"""
