"""New services: a folder of files, made from the templates beside this file."""
