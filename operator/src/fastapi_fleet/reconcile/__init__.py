"""The pass: observe, require, render, refuse foreign, apply, prune, provision, status. And the queue that runs it."""
