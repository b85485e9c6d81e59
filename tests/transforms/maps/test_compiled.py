import numba

from transforms.maps.compiled import compiled


def test_without_a_place_for_the_cache_functions_are_still_compiled(monkeypatch):
    njit = numba.njit

    def refuse(*functions, **options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*functions, **options)

    monkeypatch.setattr(numba, "njit", refuse)

    @compiled
    def doubled(value):
        return 2 * value

    assert doubled(21) == 42
    assert doubled.signatures
