name,quota
anna,3600
