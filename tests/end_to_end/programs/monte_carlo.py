"""Simulations by chance: random numbers are given, or made by a generator of the program's own."""

from __future__ import annotations

import math

import numpy as np

from tests.end_to_end.programs.program import program


def monte_carlo_pi(x, y):
    inside = 0
    for i in range(len(x)):
        if x[i] ** 2 + y[i] ** 2 < 1:
            inside += 1
    return 4 * inside / len(x)


def monte_carlo_pi_arrays(x, y):
    return 4.0 * np.count_nonzero(x * x + y * y < 1.0) / x.size


def random_walk(steps):
    """Where it ends, how far it went, and when it was last at the start."""
    position = 0
    farthest = 0
    last_return = 0
    for t, step in enumerate(steps):
        position += 1 if step < 0.5 else -1
        farthest = max(farthest, abs(position))
        if position == 0:
            last_return = t + 1
    return position, farthest, last_return


def walk_on_grid(choices, size):
    visits = np.zeros((size, size), dtype=np.int64)
    x = y = size // 2
    for choice in choices:
        visits[y, x] += 1
        if choice == 0:
            x = (x + 1) % size
        elif choice == 1:
            x = (x - 1) % size
        elif choice == 2:
            y = (y + 1) % size
        else:
            y = (y - 1) % size
    return visits


def geometric_brownian(z, s0, mu, sigma, dt):
    steps, paths = z.shape
    s = np.empty((steps + 1, paths))
    s[0] = s0
    for t in range(steps):
        s[t + 1] = s[t] * np.exp((mu - 0.5 * sigma**2) * dt + sigma * np.sqrt(dt) * z[t])
    return s


def asian_option(z, s0, strike, r, sigma, t):
    steps = z.shape[1]
    dt = t / steps
    payoff = 0.0
    for path in z:
        s = s0
        total = 0.0
        for shock in path:
            s *= math.exp((r - 0.5 * sigma * sigma) * dt + sigma * math.sqrt(dt) * shock)
            total += s
        payoff += max(total / steps - strike, 0.0)
    return math.exp(-r * t) * payoff / len(z)


def barrier_option(z, s0, barrier, strike, drift, volatility):
    """Paths that touch the barrier are out: a mask, and a stop when none is left."""
    s = np.full(z.shape[1], s0)
    alive = np.ones(z.shape[1], dtype=bool)
    for shocks in z:
        s *= np.exp(drift + volatility * shocks)
        alive &= s < barrier
        if not alive.any():
            break
    payoff = np.where(alive, np.maximum(s - strike, 0), 0)
    return payoff.mean(), alive.sum()


def binomial_tree(s0, strike, r, sigma, t, steps):
    """An American put, backwards through the tree, in one array."""
    dt = t / steps
    up = math.exp(sigma * math.sqrt(dt))
    down = 1 / up
    p = (math.exp(r * dt) - down) / (up - down)
    discount = math.exp(-r * dt)
    values = np.zeros(steps + 1)
    for i in range(steps + 1):
        values[i] = max(strike - s0 * up ** (2 * i - steps), 0.0)
    for level in range(steps - 1, -1, -1):
        for i in range(level + 1):
            hold = discount * (p * values[i + 1] + (1 - p) * values[i])
            values[i] = max(hold, strike - s0 * up ** (2 * i - level))
    return values[0]


def metropolis(proposals, uniforms, start, width):
    """Samples of a density with two peaks; how many proposals were accepted."""

    def log_density(x):
        return math.log(math.exp(-0.5 * (x - 2) ** 2) + 0.5 * math.exp(-0.5 * (x + 2) ** 2))

    samples = np.empty(len(proposals))
    x = start
    now = log_density(x)
    accepted = 0
    for i, (proposal, u) in enumerate(zip(proposals, uniforms)):
        candidate = x + width * proposal
        new = log_density(candidate)
        if math.log(u) < new - now:
            x, now = candidate, new
            accepted += 1
        samples[i] = x
    return samples, accepted


def ising(spins, i, j, uniforms, beta):
    """One spin after the other, with neighbours on a torus."""
    n, m = spins.shape
    magnetization = spins.sum()
    for k in range(len(uniforms)):
        y, x = i[k], j[k]
        around = spins[(y + 1) % n, x] + spins[y - 1, x] + spins[y, (x + 1) % m] + spins[y, x - 1]
        cost = 2 * spins[y, x] * around
        if cost <= 0 or uniforms[k] < math.exp(-beta * cost):
            spins[y, x] *= -1
            magnetization += 2 * spins[y, x]
    return magnetization


def linear_congruential(seed, n):
    out = np.empty(n)
    state = seed
    for i in range(n):
        state = (1103515245 * state + 12345) % 2147483648
        out[i] = state / 2147483648
    return out


def xorshift_numbers(seed, n):
    """Bits of 64, kept within them by a mask."""
    mask = 0xFFFFFFFFFFFFFFFF
    out = np.zeros(n, dtype=np.uint64)
    x = seed
    for i in range(n):
        x ^= (x << 13) & mask
        x ^= x >> 7
        x ^= (x << 17) & mask
        out[i] = x
    return out


def box_muller(u, v):
    out = np.empty(2 * len(u))
    radius = np.sqrt(-2 * np.log(u))
    out[::2] = radius * np.cos(2 * np.pi * v)
    out[1::2] = radius * np.sin(2 * np.pi * v)
    return out


def shuffle(a, uniforms):
    for i in range(len(a) - 1, 0, -1):
        j = int(uniforms[i] * (i + 1))
        a[i], a[j] = a[j], a[i]
    return a


def reservoir(stream, uniforms, k):
    kept = stream[:k].copy()
    for i in range(k, len(stream)):
        j = int(uniforms[i] * (i + 1))
        if j < k:
            kept[j] = stream[i]
    return kept


def roulette(weights, uniforms):
    """Draws by the cumulative sums of the weights."""
    cumulative = np.cumsum(weights)
    out = np.empty(len(uniforms), dtype=np.int64)
    for i, u in enumerate(uniforms):
        wanted = u * cumulative[-1]
        k = 0
        while cumulative[k] <= wanted:
            k += 1
        out[i] = k
    return out


def queue_of_customers(arrivals, services):
    """Waiting times at one counter."""
    waiting = np.zeros(len(arrivals))
    clock = free = 0.0
    longest = 0.0
    for i in range(len(arrivals)):
        clock += arrivals[i]
        start = clock if clock > free else free
        waiting[i] = start - clock
        free = start + services[i]
        longest = max(longest, waiting[i])
    return waiting, longest


def buffon(x, angles, length, width):
    crossings = 0
    for position, angle in zip(x, angles):
        reach = length / 2 * abs(math.sin(angle))
        if position < reach or width - position < reach:
            crossings += 1
    return 2 * length * len(x) / (width * crossings) if crossings else math.inf


def bootstrap(data, picks):
    means = np.zeros(len(picks))
    for i, pick in enumerate(picks):
        means[i] = data[pick].mean()
    return means.mean(), means.std()


def percolation(sites):
    """Whether water comes through: wetness spreads until it stands."""
    wet = np.zeros(sites.shape, dtype=bool)
    wet[0] = sites[0]
    while True:
        new = wet.copy()
        new[1:] |= wet[:-1]
        new[:-1] |= wet[1:]
        new[:, 1:] |= wet[:, :-1]
        new[:, :-1] |= wet[:, 1:]
        new &= sites
        if (new == wet).all():
            break
        wet[:] = new
    return bool(wet[-1].any()), int(wet.sum())


def uniform(rng, *shape):
    return rng.random(shape)


def normal(rng, *shape):
    return rng.standard_normal(shape)


def spin_grid(rng, n):
    side = max(int(n**0.5), 2)
    return rng.choice([-1, 1], (side, side)), rng.integers(0, side, n), rng.integers(0, side, n), uniform(rng, n), 0.4


PROGRAMS = [
    program(monte_carlo_pi, lambda rng, n: (uniform(rng, n), uniform(rng, n)), 0, 1, 9, 2000),
    program(monte_carlo_pi_arrays, lambda rng, n: (uniform(rng, n), uniform(rng, n)), 0, 1, 9, 5000),
    program(random_walk, lambda rng, n: (uniform(rng, n),), 0, 1, 9, 2000),
    program(walk_on_grid, lambda rng, n: (rng.integers(0, 4, n), 7), 0, 1, 9, 1000),
    program(geometric_brownian, lambda rng, n: (normal(rng, 12, n), 100.0, 0.05, 0.2, 0.01), 0, 1, 9, 500),
    program(asian_option, lambda rng, n: (normal(rng, n, 12), 100.0, 100.0, 0.03, 0.2, 1.0), 0, 1, 9, 80),
    program(barrier_option, lambda rng, n: (normal(rng, 15, n), 100.0, 120.0, 95.0, 0.0, 0.05), 1, 2, 9, 500),
    program(binomial_tree, lambda rng, n: (100.0, 105.0, 0.03, 0.2, 1.0, n), 1, 2, 9, 50),
    program(metropolis, lambda rng, n: (normal(rng, n), uniform(rng, n), 0.0, 1.5), 0, 1, 9, 500),
    program(ising, spin_grid, 0, 1, 9, 500),
    program(linear_congruential, lambda rng, n: (42, n), 0, 1, 9, 1000),
    program(xorshift_numbers, lambda rng, n: (88172645463325252, n), 0, 1, 9, 200),
    program(box_muller, lambda rng, n: (1 - uniform(rng, n), uniform(rng, n)), 0, 1, 9, 2000),
    program(shuffle, lambda rng, n: (np.arange(n), uniform(rng, n)), 0, 1, 9, 500),
    program(reservoir, lambda rng, n: (np.arange(n), uniform(rng, n), 10), 1, 10, 500),
    program(roulette, lambda rng, n: (rng.integers(1, 9, 20), uniform(rng, n)), 0, 1, 9, 100),
    program(queue_of_customers, lambda rng, n: (-np.log(1 - uniform(rng, n)), uniform(rng, n)), 0, 1, 9, 500),
    program(buffon, lambda rng, n: (uniform(rng, n), 3.1 * uniform(rng, n), 0.8, 1.0), 0, 1, 9, 500),
    program(bootstrap, lambda rng, n: (normal(rng, n), rng.integers(0, n, (20, n))), 1, 2, 9, 200),
    program(percolation, lambda rng, n: (uniform(rng, n, n + 1) < 0.65,), 1, 2, 9, 40),
]
