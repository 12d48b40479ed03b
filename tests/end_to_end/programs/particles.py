"""Bodies that move and act on one another."""

from __future__ import annotations

from math import sqrt

import numpy as np

from tests.end_to_end.programs.program import program


def n_body(x, y, z, vx, vy, vz, mass, dt, steps):
    """Every pair once, in numbers; momentum is conserved."""
    n = len(mass)
    for _ in range(steps):
        for i in range(n):
            for j in range(i + 1, n):
                dx = x[i] - x[j]
                dy = y[i] - y[j]
                dz = z[i] - z[j]
                distance = sqrt(dx * dx + dy * dy + dz * dz + 1e-9)
                magnitude = dt / (distance * distance * distance)
                vx[i] -= dx * mass[j] * magnitude
                vy[i] -= dy * mass[j] * magnitude
                vz[i] -= dz * mass[j] * magnitude
                vx[j] += dx * mass[i] * magnitude
                vy[j] += dy * mass[i] * magnitude
                vz[j] += dz * mass[i] * magnitude
        for i in range(n):
            x[i] += dt * vx[i]
            y[i] += dt * vy[i]
            z[i] += dt * vz[i]
    return energy(x, y, z, vx, vy, vz, mass)


def energy(x, y, z, vx, vy, vz, mass):
    total = 0.0
    for i in range(len(mass)):
        total += 0.5 * mass[i] * (vx[i] ** 2 + vy[i] ** 2 + vz[i] ** 2)
        for j in range(i + 1, len(mass)):
            dx, dy, dz = x[i] - x[j], y[i] - y[j], z[i] - z[j]
            total -= mass[i] * mass[j] / sqrt(dx * dx + dy * dy + dz * dz)
    return total


def accelerations(pos, mass, G, softening):
    x, y, z = pos[:, 0:1], pos[:, 1:2], pos[:, 2:3]
    dx, dy, dz = x.T - x, y.T - y, z.T - z
    inverse = (dx**2 + dy**2 + dz**2 + softening**2) ** (-1.5)
    ax = G * (dx * inverse) @ mass
    ay = G * (dy * inverse) @ mass
    az = G * (dz * inverse) @ mass
    out = np.empty(pos.shape)
    out[:, 0], out[:, 1], out[:, 2] = ax, ay, az
    return out


def leapfrog(pos, vel, mass, dt, steps, G, softening):
    """Kick, drift, kick, on whole arrays; keeps the kinetic energy of every step."""
    vel -= np.mean(mass[:, None] * vel, axis=0) / np.mean(mass)
    acc = accelerations(pos, mass, G, softening)
    kinetic = np.zeros(steps + 1)
    kinetic[0] = 0.5 * np.sum(mass[:, None] * vel**2)
    for i in range(steps):
        vel += acc * dt / 2.0
        pos += vel * dt
        acc = accelerations(pos, mass, G, softening)
        vel += acc * dt / 2.0
        kinetic[i + 1] = 0.5 * np.sum(mass[:, None] * vel**2)
    return kinetic


def lennard_jones(positions, box, cutoff):
    """Forces in a periodic box, with the nearest image; the loop body is left early beyond the cutoff."""
    n = positions.shape[0]
    forces = np.zeros_like(positions)
    potential = 0.0
    for i in range(n):
        for j in range(i):
            d = positions[i] - positions[j]
            d -= box * np.rint(d / box)
            r2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
            if r2 > cutoff * cutoff:
                continue
            s6 = 1 / r2**3
            potential += 4 * s6 * (s6 - 1)
            f = 24 * s6 * (2 * s6 - 1) / r2 * d
            forces[i] += f
            forces[j] -= f
    return forces, potential


def bouncing(x, v, dt, steps):
    """Balls in a box under gravity: masks turn what leaves around."""
    hits = 0
    for _ in range(steps):
        v[:, 1] -= 9.81 * dt
        x += v * dt
        low = x < 0
        high = x > 1
        x[low] = -x[low]
        x[high] = 2 - x[high]
        v[low | high] *= -0.9
        hits += np.count_nonzero(low | high)
    return hits


def neighbour_counts(p, radius):
    n = len(p)
    counts = np.zeros(n, dtype=np.int32)
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            d2 = 0.0
            for k in range(p.shape[1]):
                d2 += (p[i, k] - p[j, k]) ** 2
            if d2 < radius**2:
                counts[i] += 1
    return counts


def nearest_neighbours(p, q):
    nearest = np.empty(len(p), dtype=np.int64)
    distance = np.empty(len(p))
    for i in range(len(p)):
        d = np.sqrt(((q - p[i]) ** 2).sum(axis=1))
        nearest[i] = d.argmin()
        distance[i] = d[nearest[i]]
    return nearest, distance


def closest_pair(x, y):
    best = np.inf
    pair = (-1, -1)
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            d = (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2
            if d < best:
                best = d
                pair = (i, j)
    return pair, np.sqrt(best)


def deposit(positions, charges, cells, length):
    """Charge onto a periodic grid, shared between the two nearest points."""
    rho = np.zeros(cells)
    h = length / cells
    for x, q in zip(positions, charges):
        s = x / h
        i = int(s)
        w = s - i
        rho[i % cells] += q * (1 - w)
        rho[(i + 1) % cells] += q * w
    return rho / h


def boids(p, v, steps, pull, push, near):
    """A flock: towards the centre, away from neighbours that are too close."""
    for _ in range(steps):
        centre = p.mean(axis=0)
        for i in range(len(p)):
            v[i] += pull * (centre - p[i])
            for j in range(len(p)):
                d = p[i] - p[j]
                if 0 < np.sum(d * d) < near * near:
                    v[i] += push * d
            speed = np.sqrt(np.sum(v[i] ** 2))
            if speed > 1:
                v[i] /= speed
        p += v


def polygon_area(x, y):
    area = 0.0
    j = len(x) - 1
    for i in range(len(x)):
        area += (x[j] + x[i]) * (y[j] - y[i])
        j = i
    return abs(area) / 2


def inside_polygon(px, py, x, y):
    """For each point, whether a ray from it crosses the polygon an odd number of times."""
    inside = np.zeros(len(px), dtype=bool)
    n = len(x)
    for k in range(len(px)):
        odd = False
        j = n - 1
        for i in range(n):
            if (y[i] > py[k]) != (y[j] > py[k]) and px[k] < (x[j] - x[i]) * (py[k] - y[i]) / (y[j] - y[i]) + x[i]:
                odd = not odd
            j = i
        inside[k] = odd
    return inside


def bodies(rng, n):
    return (*rng.standard_normal((6, n)), rng.uniform(0.5, 1.5, n), 0.01, 3)


def cluster(rng, n):
    return rng.standard_normal((n, 3)), rng.standard_normal((n, 3)), np.full(n, 20.0 / n), 0.01, 8, 1.0, 0.1


def star(n):
    angle = np.arange(n) * 2 * np.pi / n
    radius = 1 + 0.5 * (np.arange(n) % 2)
    return radius * np.cos(angle), radius * np.sin(angle)


PROGRAMS = [
    program(n_body, bodies, 1, 2, 5, 12),
    program(leapfrog, cluster, 1, 2, 9, 40),
    program(lennard_jones, lambda rng, n: (5 * rng.random((n, 3)), 5.0, 2.0), 1, 2, 9, 24),
    program(bouncing, lambda rng, n: (rng.random((n, 2)), rng.standard_normal((n, 2)), 0.05, 12), 0, 1, 9, 500),
    program(neighbour_counts, lambda rng, n: (rng.random((n, 3)), 0.3), 1, 2, 9, 40),
    program(nearest_neighbours, lambda rng, n: (rng.random((n, 3)), rng.random((n + 5, 3))), 0, 1, 9, 200),
    program(closest_pair, lambda rng, n: (rng.random(n), rng.random(n)), 1, 2, 9, 80),
    program(deposit, lambda rng, n: (6 * rng.random(n), rng.standard_normal(n), 16, 6.0), 0, 1, 9, 800),
    program(boids, lambda rng, n: (rng.random((n, 2)), rng.standard_normal((n, 2)), 2, 0.01, 0.1, 0.2), 1, 2, 9, 24),
    program(polygon_area, lambda rng, n: star(n), 3, 4, 9, 1000),
    program(inside_polygon, lambda rng, n: (*(2 * rng.random((2, n)) - 1), *star(12)), 0, 1, 9, 100),
]
