"""The raw files of the data set: names, samples, parameter texts, pictures, archives."""
