"""Speed and cost of the operator, beside what the same API server does with the same writes and no operator."""
