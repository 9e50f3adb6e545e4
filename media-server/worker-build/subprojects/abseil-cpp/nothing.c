/* Meson wants a library to have a source. This one is empty: the code is in the system's own library. */
typedef int nothing;
