"""What a caller of a service notices between two of its OpenAPI documents, 3.0 or 3.1.

Pure: documents in, findings out.
"""
