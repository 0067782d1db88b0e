"""Services that answer over gRPC beside HTTP; needs the extra `fleetkit[grpc]`."""
