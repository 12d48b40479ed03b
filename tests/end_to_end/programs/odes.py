"""Differential equations in time, roots and integrals: numbers step by step, helper functions inside."""

from __future__ import annotations

import math

import numpy as np

from tests.end_to_end.programs.program import program


def euler(y0, rate, dt, steps):
    y = np.zeros(steps + 1)
    y[0] = y0
    for i in range(steps):
        y[i + 1] = y[i] + dt * (-rate * y[i] + math.sin(i * dt))
    return y


def lorenz_slope(state, sigma, rho, beta):
    x, y, z = state
    return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


def rk4_step(state, dt, sigma, rho, beta):
    k1 = lorenz_slope(state, sigma, rho, beta)
    k2 = lorenz_slope(state + dt / 2 * k1, sigma, rho, beta)
    k3 = lorenz_slope(state + dt / 2 * k2, sigma, rho, beta)
    k4 = lorenz_slope(state + dt * k3, sigma, rho, beta)
    return state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def lorenz(state, dt, steps):
    path = np.empty((steps + 1, 3))
    path[0] = state
    for i in range(steps):
        state = rk4_step(state, dt, 10.0, 28.0, 8 / 3)
        path[i + 1] = state
    return path


def lorenz_numbers(x, y, z, dt, steps):
    """The same attractor, by Euler, in three plain numbers that are returned with the range of one of them."""
    low, high = x, x
    for _ in range(steps):
        dx, dy, dz = 10.0 * (y - x), x * (28.0 - z) - y, x * y - 8 / 3 * z
        x, y, z = x + dt * dx, y + dt * dy, z + dt * dz
        low, high = min(low, x), max(high, x)
    return x, y, z, high - low


def pendulum(theta, omega, dt, steps, damping=0.1):
    """Runge-Kutta with a function inside that uses what surrounds it."""

    def slope(angle, speed):
        return speed, -damping * speed - 9.81 * math.sin(angle)

    out = np.empty(steps)
    for i in range(steps):
        a1, b1 = slope(theta, omega)
        a2, b2 = slope(theta + dt / 2 * a1, omega + dt / 2 * b1)
        a3, b3 = slope(theta + dt / 2 * a2, omega + dt / 2 * b2)
        a4, b4 = slope(theta + dt * a3, omega + dt * b3)
        theta += dt / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
        omega += dt / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
        out[i] = theta
    return out


def verlet(x, v, k, mass, dt, steps):
    """A chain of springs between two walls."""
    energy = np.zeros(steps)
    a = np.zeros_like(x)
    for step in range(steps):
        x += v * dt + 0.5 * a * dt**2
        force = -2 * k * x
        force[1:] += k * x[:-1]
        force[:-1] += k * x[1:]
        new = force / mass
        v += 0.5 * (a + new) * dt
        a = new
        energy[step] = 0.5 * mass * (v @ v)
    return energy


def brusselator(u, v, dt, steps):
    n = len(u)
    for _ in range(steps):
        for i in range(n):
            reaction = u[i] * u[i] * v[i]
            du = 1.0 + reaction - 4.0 * u[i]
            dv = 3.0 * u[i] - reaction
            u[i] += dt * du
            v[i] += dt * dv


def adaptive_decay(y, end, tolerance):
    """Heun's step with its error estimate; the step is halved until it is good."""
    t, dt = 0.0, 0.1
    accepted = rejected = 0
    while t < end:
        dt = min(dt, end - t)
        k1 = -2.0 * y + math.cos(t)
        k2 = -2.0 * (y + dt * k1) + math.cos(t + dt)
        error = abs(dt / 2 * (k2 - k1))
        if error > tolerance:
            dt *= 0.5
            rejected += 1
            if dt < 1e-12:
                raise RuntimeError("the step has become too small")
            continue
        y += dt / 2 * (k1 + k2)
        t += dt
        accepted += 1
        if error < tolerance / 4:
            dt *= 2
    return y, accepted, rejected


def logistic_map(rates, warm_up, keep):
    out = np.empty((rates.size, keep))
    for i, r in enumerate(rates):
        x = 0.5
        for _ in range(warm_up):
            x = r * x * (1 - x)
        for j in range(keep):
            x = r * x * (1 - x)
            out[i, j] = x
    return out


def logistic_map_arrays(r, steps):
    """All rates at once, with the exponent of Lyapunov."""
    x = np.full_like(r, 1e-3)
    exponent = np.zeros_like(r)
    for _ in range(steps):
        x = r * x * (1 - x)
        exponent += np.log(np.abs(r - 2 * r * x) + 1e-12)
    return x, exponent / steps


def predator_prey(prey, predators, dt, steps):
    history = np.zeros((2, steps + 1))
    history[:, 0] = prey, predators
    for t in range(1, steps + 1):
        a, b = history[0, t - 1], history[1, t - 1]
        history[0, t] = a + dt * (1.1 * a - 0.4 * a * b)
        history[1, t] = b + dt * (0.1 * a * b - 0.4 * b)
    return history[0], history[1]


def epidemic(s, i, r, beta, gamma, days):
    peak, peak_day = i, 0
    for day in range(1, days + 1):
        infected = beta * s * i
        recovered = gamma * i
        s, i, r = s - infected, i + infected - recovered, r + recovered
        if i > peak:
            peak, peak_day = i, day
        elif i < 1e-6:
            break
    return s, i, r, peak, peak_day


def newton_root(a, b, tolerance):
    """The root of x^3 + a x + b, from 1 on."""
    x = 1.0
    for iteration in range(50):
        f = x**3 + a * x + b
        if abs(f) < tolerance:
            return x, iteration
        slope = 3 * x**2 + a
        if slope == 0:
            raise ZeroDivisionError("the slope is zero")
        x -= f / slope
    raise RuntimeError("no convergence")


def newton_fractal(z, steps):
    """Which cube root of one each starting point runs to."""
    for _ in range(steps):
        z = z - (z**3 - 1) / (3 * z**2)
    roots = np.array([1, np.exp(2j * np.pi / 3), np.exp(-2j * np.pi / 3)])
    which = np.zeros(z.shape, dtype=np.int8)
    for k in range(3):
        which[np.abs(z - roots[k]) < 1e-3] = k + 1
    return which


def bisection(low, high, tolerance):
    """The solution of cos x = x."""

    def f(x):
        return math.cos(x) - x

    assert f(low) * f(high) <= 0, "no change of sign"
    count = 0
    while high - low > tolerance:
        middle = 0.5 * (low + high)
        if f(middle) == 0:
            return middle, count
        if f(low) * f(middle) < 0:
            high = middle
        else:
            low = middle
        count += 1
    return (low + high) / 2, count


def square_roots(x, tolerance):
    """Heron's iteration for each element, until it stands."""
    out = np.empty_like(x)
    for i in range(x.size):
        guess = x[i] if x[i] > 1 else 1.0
        while True:
            new = 0.5 * (guess + x[i] / guess)
            if abs(new - guess) <= tolerance * new:
                break
            guess = new
        out[i] = new
    return out


def kepler(mean_anomaly, eccentricity):
    """Newton on all orbits at once, until the largest change is small."""
    E = mean_anomaly + eccentricity * np.sin(mean_anomaly)
    for _ in range(30):
        change = (E - eccentricity * np.sin(E) - mean_anomaly) / (1 - eccentricity * np.cos(E))
        E -= change
        if np.abs(change).max() < 1e-6:
            break
    return E


def golden_section(a, b, tolerance):
    ratio = (math.sqrt(5) - 1) / 2
    c, d = b - ratio * (b - a), a + ratio * (b - a)
    while abs(b - a) > tolerance:
        if (c - 2) ** 2 + math.sin(3 * c) < (d - 2) ** 2 + math.sin(3 * d):
            b = d
        else:
            a = c
        c = b - ratio * (b - a)
        d = a + ratio * (b - a)
    return (a + b) / 2


def simpson(a, b, n):
    """Of exp(-x^2)."""
    if n % 2:
        n += 1
    h = (b - a) / n
    total = math.exp(-a * a) + math.exp(-b * b)
    for i in range(1, n):
        x = a + i * h
        total += (4 if i % 2 else 2) * math.exp(-x * x)
    return total * h / 3


def trapezoids(y, dx):
    return dx * (0.5 * y[0] + y[1:-1].sum() + 0.5 * y[-1])


def romberg(levels):
    """Of sin on [0, pi], in a triangle."""
    R = np.zeros((levels, levels))
    h = math.pi
    R[0, 0] = 0.5 * h * (math.sin(0.0) + math.sin(math.pi))
    for i in range(1, levels):
        h /= 2
        total = 0.0
        for k in range(1, 2**i, 2):
            total += math.sin(k * h)
        R[i, 0] = R[i - 1, 0] / 2 + h * total
        for j in range(1, i + 1):
            R[i, j] = R[i, j - 1] + (R[i, j - 1] - R[i - 1, j - 1]) / (4**j - 1)
    return R[-1, -1]


def horner(coefficients, x):
    result = np.zeros_like(x)
    for c in coefficients[::-1]:
        result = result * x + c
    return result


def horner_with_slope(coefficients, x):
    value, slope = 0.0, 0.0
    for k in range(len(coefficients) - 1, -1, -1):
        slope = slope * x + value
        value = value * x + coefficients[k]
    return value, slope


def chebyshev_sum(c, x):
    """Clenshaw's recurrence."""
    b1 = np.zeros(x.shape)
    b2 = np.zeros(x.shape)
    for k in range(len(c) - 1, 0, -1):
        b1, b2 = c[k] + 2 * x * b1 - b2, b1
    return c[0] + x * b1 - b2


def sine_series(x):
    """Terms are added until they no longer count."""
    term = total = x
    k = 1
    while abs(term) > 1e-17 * abs(total):
        term *= -x * x / ((k + 1) * (k + 2))
        total += term
        k += 2
    return total


def divided_differences(x, y, at):
    """Newton's interpolation, the table in one row that is overwritten."""
    n = len(x)
    c = y.astype(float)
    for j in range(1, n):
        c[j:] = (c[j:] - c[j - 1 : -1]) / (x[j:] - x[: n - j])
    value = np.zeros(at.shape)
    for j in reversed(range(n)):
        value = value * (at - x[j]) + c[j]
    return value


def spline_moments(y, h):
    """Second derivatives of the natural cubic spline."""
    n = len(y)
    m = np.zeros(n)
    c = np.zeros(n)
    for i in range(1, n - 1):
        w = 1 / (4 - c[i - 1])
        c[i] = w
        m[i] = (6 * (y[i + 1] - 2 * y[i] + y[i - 1]) / h**2 - m[i - 1]) * w
    for i in range(n - 2, 0, -1):
        m[i] -= c[i] * m[i + 1]
    return m


def gradient_descent(x, y, rate, steps):
    slope = intercept = 0.0
    losses = np.zeros(steps)
    for step in range(steps):
        error = slope * x + intercept - y
        losses[step] = np.mean(error**2)
        slope -= rate * 2 * np.mean(error * x)
        intercept -= rate * 2 * np.mean(error)
    return slope, intercept, losses


def waves_on(n):
    return np.linspace(-2, 2, n)


PROGRAMS = [
    program(euler, lambda rng, n: (1.0, 0.5, 0.01, n), 0, 1, 9, 1000),
    program(lorenz, lambda rng, n: (np.array([1.0, 1.0, 1.0]), 0.01, n), 0, 1, 9, 100),
    program(lorenz_numbers, lambda rng, n: (1.0, 1.0, 1.0, 0.01, n), 0, 1, 9, 1000),
    program(pendulum, lambda rng, n: (1.0, 0.0, 0.01, n), 0, 1, 9, 500),
    program(verlet, lambda rng, n: (rng.random(n) - 0.5, np.zeros(n), 2.0, 1.5, 0.05, 20), 1, 2, 9, 500),
    program(brusselator, lambda rng, n: (rng.random(n), rng.random(n), 0.01, 20), 0, 1, 9, 50),
    program(adaptive_decay, lambda rng, n: (1.0, float(n), 1e-4), 0, 1, 9),
    program(logistic_map, lambda rng, n: (np.linspace(2.5, 4, n), 50, 5), 0, 1, 9, 50),
    program(logistic_map_arrays, lambda rng, n: (np.linspace(2.5, 4, n), 30), 0, 1, 9, 1000),
    program(predator_prey, lambda rng, n: (10.0, 5.0, 0.01, n), 0, 1, 9, 500),
    program(epidemic, lambda rng, n: (0.999, 0.001, 0.0, 0.3, 0.1, n), 0, 1, 9, 1000),
    program(newton_root, lambda rng, n: (float(n), -2.0, 1e-12), 0, 1, 9, 100),
    program(newton_fractal, lambda rng, n: (waves_on(n) + 1j * waves_on(n)[:, None] + 0.1, 12), 1, 2, 9, 50),
    program(bisection, lambda rng, n: (-float(n), 2.0, 1e-12), 0, 1, 9),
    program(square_roots, lambda rng, n: (100 * rng.random(n), 1e-6), 0, 1, 9, 200),
    program(kepler, lambda rng, n: (6 * rng.random(n), 0.3), 1, 9, 2000),
    program(golden_section, lambda rng, n: (0.0, float(n), 1e-9), 1, 4, 9),
    program(simpson, lambda rng, n: (0.0, 2.0, n), 1, 2, 9, 1000),
    program(trapezoids, lambda rng, n: (rng.random(n), 0.1), 1, 2, 9, 2000),
    program(romberg, lambda rng, n: (n,), 1, 2, 5, 9),
    program(horner, lambda rng, n: (rng.random(8), rng.random(n)), 0, 1, 9, 2000),
    program(horner_with_slope, lambda rng, n: (rng.random(n), 0.9), 0, 1, 9, 500),
    program(chebyshev_sum, lambda rng, n: (rng.random(9), waves_on(n) / 2), 0, 1, 9, 2000),
    program(sine_series, lambda rng, n: (n / 7,), 0, 1, 9, 50),
    program(divided_differences, lambda rng, n: (waves_on(n), rng.random(n), waves_on(2 * n)), 1, 2, 9, 20),
    program(spline_moments, lambda rng, n: (rng.random(n), 0.1), 1, 2, 3, 9, 500),
    program(gradient_descent, lambda rng, n: (waves_on(n), 3 * waves_on(n) + rng.random(n), 0.05, 15), 1, 2, 9, 1000),
]
