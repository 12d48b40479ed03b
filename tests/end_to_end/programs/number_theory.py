"""Whole numbers, their bits, hashes of bytes, and counting what there is."""

from __future__ import annotations

import math

import numpy as np

from tests.end_to_end.programs.program import program


def sieve(n):
    is_prime = np.ones(n + 1, dtype=bool)
    is_prime[:2] = False
    i = 2
    while i * i <= n:
        if is_prime[i]:
            is_prime[i * i :: i] = False
        i += 1
    return np.nonzero(is_prime)[0]


def sieve_loops(n):
    composite = np.zeros(n + 1, dtype=np.uint8)
    count = 0
    for i in range(2, n + 1):
        if composite[i]:
            continue
        count += 1
        for j in range(i * i, n + 1, i):
            composite[j] = 1
    return count


def is_prime(n):
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    d = 3
    while d * d <= n:
        if n % d == 0:
            return False
        d += 2
    return True


def count_primes(limit):
    count = 0
    for n in range(limit):
        if is_prime(n):
            count += 1
    return count


def first_primes(n):
    """By trial division with the primes found so far; a loop with `else`."""
    primes = np.empty(n, dtype=np.int64)
    found = 0
    candidate = 2
    while found < n:
        for p in primes[:found]:
            if candidate % p == 0:
                break
        else:
            primes[found] = candidate
            found += 1
        candidate += 1
    return primes


def factorize(n):
    factors = np.zeros(64, np.int64)
    count = 0
    for p in (2, 3):
        while n % p == 0:
            factors[count] = p
            count += 1
            n //= p
    p, step = 5, 2
    while p * p <= n:
        if n % p == 0:
            n //= p
            factors[count] = p
            count += 1
        else:
            p += step
            step = 6 - step
    if n > 1:
        factors[count] = n
        count += 1
    return factors[:count].copy()


def collatz(limit):
    longest = 0
    best = 1
    for start in range(1, limit):
        n = start
        steps = 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        if steps > longest:
            longest, best = steps, start
    return best, longest


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def coprime_pairs(n):
    """How many pairs up to n have no common divisor: about 6/pi^2 of them."""
    count = 0
    for a in range(1, n + 1):
        for b in range(1, n + 1):
            count += gcd(a, b) == 1
    return count


def gcd_of_all(numbers):
    result = 0
    for number in numbers:
        result = gcd(int(number), result)
        if result == 1:
            break
    return result


def extended_gcd(a, b):
    x, next_x = 1, 0
    y, next_y = 0, 1
    while b != 0:
        q, r = divmod(a, b)
        x, next_x = next_x, x - q * next_x
        y, next_y = next_y, y - q * next_y
        a, b = b, r
    return a, x, y


def power_modulo(base, exponent, modulus):
    result = 1
    base %= modulus
    while exponent > 0:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


def totients(n):
    phi = np.arange(n + 1)
    for p in range(2, n + 1):
        if phi[p] == p:
            phi[p::p] -= phi[p::p] // p
    return phi


def pascal_triangle(n, modulus):
    triangle = np.zeros((n, n), dtype=np.int64)
    triangle[:, 0] = 1
    for i in range(1, n):
        triangle[i, 1 : i + 1] = (triangle[i - 1, 1 : i + 1] + triangle[i - 1, :i]) % modulus
    return triangle


def fibonacci(n):
    """Python's own integers: beyond 64 bits from n = 93 on."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def crc16(data):
    """The CCITT polynomial, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= int(byte) << 8
        for _ in range(8):
            if crc & 0x8000:
                crc = (crc << 1) ^ 0x1021
            else:
                crc <<= 1
            crc &= 0xFFFF
    return crc


def crc32_with_table(data):
    table = np.empty(256, dtype=np.uint32)
    for i in range(256):
        c = i
        for _ in range(8):
            c = (c >> 1) ^ 0xEDB88320 if c & 1 else c >> 1
        table[i] = c
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ int(table[(crc ^ int(byte)) & 0xFF])
    return crc ^ 0xFFFFFFFF


def fnv1a(data):
    """A hash of 64 bits, in NumPy's wrapping integers."""
    h = np.full(1, 0xCBF29CE484222325, np.uint64)
    for byte in data:
        h[0] ^= byte
        h *= np.uint64(0x100000001B3)
    return h[0]


def popcounts(words):
    x = words - ((words >> 1) & 0x5555555555555555)
    x = (x & 0x3333333333333333) + ((x >> 2) & 0x3333333333333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0F
    return (x * 0x0101010101010101) >> 56


def popcounts_by_loop(words):
    counts = np.zeros(len(words), dtype=np.int8)
    for i, word in enumerate(words):
        x = int(word)
        while x:
            x &= x - 1
            counts[i] += 1
    return counts


def gray_codes(bits):
    n = 1 << bits
    codes = np.empty(n, dtype=np.uint32)
    for i in range(n):
        codes[i] = i ^ (i >> 1)
    back = codes.copy()
    shift = 1
    while shift < 32:
        back ^= back >> shift
        shift *= 2
    return codes, back


def morton(x, y):
    """Interleave the bits of two arrays of 16-bit coordinates."""
    key = np.zeros(x.shape, np.uint32)
    for bit in range(16):
        key |= ((x >> bit) & 1).astype(np.uint32) << (2 * bit)
        key |= ((y >> bit) & 1).astype(np.uint32) << (2 * bit + 1)
    return key


def queens(n):
    """How many ways there are to place n queens: depth first, with sets of bits on an explicit stack."""
    full = (1 << n) - 1
    columns = np.zeros(n + 1, np.int64)
    left = np.zeros(n + 1, np.int64)
    right = np.zeros(n + 1, np.int64)
    free = np.zeros(n + 1, np.int64)
    free[0] = full
    row = solutions = 0
    while row >= 0:
        if free[row] == 0:
            row -= 1
            continue
        place = free[row] & -free[row]
        free[row] ^= place
        if row == n - 1:
            solutions += 1
            continue
        columns[row + 1] = columns[row] | place
        left[row + 1] = (left[row] | place) << 1
        right[row + 1] = (right[row] | place) >> 1
        row += 1
        free[row] = full & ~(columns[row] | left[row] | right[row])
    return solutions


def digits_of_e(n):
    """The spigot of Rabinowitz and Wagon."""
    a = np.ones(n + 2, np.int64)
    digits = np.zeros(n, np.uint8)
    for place in range(n):
        carry = 0
        for i in range(n + 1, -1, -1):
            carry += a[i] * 10
            carry, a[i] = divmod(carry, i + 2)
        digits[place] = carry
    return digits


def integer_root(n):
    if n < 0:
        raise ValueError(f"no root of {n}")
    if n == 0:
        return 0
    x = 1 << ((n.bit_length() + 1) // 2)
    while (y := (x + n // x) // 2) < x:
        x = y
    return x


def pythagorean_triples(limit):
    count = 0
    for a in range(1, limit):
        for b in range(a, limit):
            c = math.isqrt(a * a + b * b)
            if c > limit:
                break
            if c * c == a * a + b * b:
                count += 1
    return count


def octets(rng, n):
    return rng.integers(0, 256, n, np.uint8)


def words(rng, n):
    return rng.integers(0, 2**63, n, np.uint64) * np.uint64(2) + rng.integers(0, 2, n, np.uint64)


PROGRAMS = [
    program(sieve, lambda rng, n: (n,), 1, 2, 9, 10_000),
    program(sieve_loops, lambda rng, n: (n,), 1, 2, 9, 5000),
    program(count_primes, lambda rng, n: (n,), 1, 2, 9, 2000),
    program(first_primes, lambda rng, n: (n,), 0, 1, 9, 60),
    program(factorize, lambda rng, n: (n,), 1, 2, 9, 97, 1024, 600_851, 999_983),
    program(collatz, lambda rng, n: (n,), 1, 2, 9, 500),
    program(coprime_pairs, lambda rng, n: (n,), 1, 2, 9, 50),
    program(gcd_of_all, lambda rng, n: (12 * rng.integers(1, 1000, n),), 0, 1, 9, 500),
    program(extended_gcd, lambda rng, n: (n, 360), 1, 9, 240, 99_991),
    program(power_modulo, lambda rng, n: (7, n, 1_000_000_007), 0, 1, 9, 10**15),
    program(totients, lambda rng, n: (n,), 1, 2, 9, 500),
    program(pascal_triangle, lambda rng, n: (n, 1_000_007), 1, 2, 9, 80),
    program(fibonacci, lambda rng, n: (n,), 0, 1, 9, 92, 120),
    program(crc16, lambda rng, n: (octets(rng, n),), 0, 1, 9, 500),
    program(crc32_with_table, lambda rng, n: (octets(rng, n),), 0, 1, 9, 1000),
    program(fnv1a, lambda rng, n: (octets(rng, n),), 0, 1, 9, 1000),
    program(popcounts, lambda rng, n: (words(rng, n),), 0, 1, 9, 2000),
    program(popcounts_by_loop, lambda rng, n: (words(rng, n),), 0, 1, 9, 100),
    program(gray_codes, lambda rng, n: (n,), 0, 1, 5, 10),
    program(morton, lambda rng, n: (*rng.integers(0, 2**16, (2, n), np.uint16),), 0, 1, 9, 1000),
    program(queens, lambda rng, n: (n,), 1, 2, 5, 6),
    program(digits_of_e, lambda rng, n: (n,), 0, 1, 9, 40),
    program(integer_root, lambda rng, n: (n,), -4, 0, 1, 9, 10**12, 10**17 - 3),
    program(pythagorean_triples, lambda rng, n: (n,), 1, 9, 80),
]
