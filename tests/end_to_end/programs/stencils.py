"""Partial differential equations on grids, and cellular automata: loops over time, slices or indices inside."""

from __future__ import annotations

import numpy as np

from tests.end_to_end.programs.program import program


def heat(u, steps, c):
    for _ in range(steps):
        v = u.copy()
        u[1:-1, 1:-1] = v[1:-1, 1:-1] + c * (
            v[1:-1, 2:] + v[1:-1, :-2] + v[2:, 1:-1] + v[:-2, 1:-1] - 4 * v[1:-1, 1:-1]
        )
        u[0, :] = u[1, :]
    return u


def heat_loops(u, steps, c):
    rows, columns = u.shape
    new = u.copy()
    for _ in range(steps):
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                new[i, j] = u[i, j] + c * (u[i + 1, j] + u[i - 1, j] + u[i, j + 1] + u[i, j - 1] - 4 * u[i, j])
        u, new = new, u
    return u


def heat_3d(A, B, steps):
    for _ in range(1, steps):
        B[1:-1, 1:-1, 1:-1] = (
            0.125 * (A[2:, 1:-1, 1:-1] - 2.0 * A[1:-1, 1:-1, 1:-1] + A[:-2, 1:-1, 1:-1])
            + 0.125 * (A[1:-1, 2:, 1:-1] - 2.0 * A[1:-1, 1:-1, 1:-1] + A[1:-1, :-2, 1:-1])
            + 0.125 * (A[1:-1, 1:-1, 2:] - 2.0 * A[1:-1, 1:-1, 1:-1] + A[1:-1, 1:-1, :-2])
            + A[1:-1, 1:-1, 1:-1]
        )
        A[1:-1, 1:-1, 1:-1] = (
            0.125 * (B[2:, 1:-1, 1:-1] - 2.0 * B[1:-1, 1:-1, 1:-1] + B[:-2, 1:-1, 1:-1])
            + 0.125 * (B[1:-1, 2:, 1:-1] - 2.0 * B[1:-1, 1:-1, 1:-1] + B[1:-1, :-2, 1:-1])
            + 0.125 * (B[1:-1, 1:-1, 2:] - 2.0 * B[1:-1, 1:-1, 1:-1] + B[1:-1, 1:-1, :-2])
            + B[1:-1, 1:-1, 1:-1]
        )


def jacobi_1d(A, B, steps):
    for _ in range(steps):
        B[1:-1] = (A[:-2] + A[1:-1] + A[2:]) / 3
        A[1:-1] = (B[:-2] + B[1:-1] + B[2:]) / 3


def seidel_2d(A, sweeps):
    """Every point uses neighbours that this very sweep has already changed."""
    n = A.shape[0]
    for _ in range(sweeps):
        for i in range(1, n - 1):
            A[i, 1:-1] += A[i - 1, :-2] + A[i - 1, 1:-1] + A[i - 1, 2:] + A[i, 2:]
            A[i, 1:-1] += A[i + 1, :-2] + A[i + 1, 1:-1] + A[i + 1, 2:]
            for j in range(1, n - 1):
                A[i, j] = (A[i, j] + A[i, j - 1]) / 9.0


def red_black(u, f, h, sweeps):
    for _ in range(sweeps):
        for colour in (0, 1):
            for i in range(1, u.shape[0] - 1):
                start = 1 + (i + colour) % 2
                u[i, start:-1:2] = 0.25 * (
                    u[i - 1, start:-1:2]
                    + u[i + 1, start:-1:2]
                    + u[i, start - 1 : -2 : 2]
                    + u[i, start + 1 :: 2]
                    - h * h * f[i, start:-1:2]
                )
    return np.abs(u).max()


def laplace_until_still(u, tolerance):
    """Dirichlet problem; ends when the largest change is small."""
    change = 1.0
    count = 0
    while change > tolerance and count < 400:
        old = u.copy()
        u[1:-1, 1:-1] = 0.25 * (old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:])
        change = np.max(np.abs(u - old))
        count += 1
    return count, change


def wave(u, v, courant, steps):
    """The leapfrog scheme on a string with fixed ends; `u` is now, `v` the step before."""
    c2 = courant**2
    for _ in range(steps):
        v[1:-1] = 2 * u[1:-1] - v[1:-1] + c2 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u, v = v, u
    return u, v


def wave_loops(u, u_old, courant, steps):
    n = len(u)
    u_new = np.zeros(n)
    for _ in range(steps):
        for i in range(1, n - 1):
            u_new[i] = 2 * u[i] - u_old[i] + courant**2 * (u[i + 1] - 2 * u[i] + u[i - 1])
        u_old, u, u_new = u, u_new, u_old
    return u, float(np.sum(u**2))


def fdtd_2d(ex, ey, hz, source):
    for value in source:
        ey[0, :] = value
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])


def horizontal_diffusion(field, coefficient):
    """Fourth order, with a limiter: a flux that would go up the gradient is cut off."""
    lap = 4.0 * field[1:-1, 1:-1, :] - (
        field[2:, 1:-1, :] + field[:-2, 1:-1, :] + field[1:-1, 2:, :] + field[1:-1, :-2, :]
    )
    flux_x = lap[1:, 1:-1] - lap[:-1, 1:-1]
    flux_x[flux_x * (field[2:-1, 2:-2] - field[1:-2, 2:-2]) > 0] = 0
    flux_y = lap[1:-1, 1:] - lap[1:-1, :-1]
    down = flux_y * (field[2:-2, 2:-1] - field[2:-2, 1:-2]) > 0
    flux_y = np.where(down, 0.0, flux_y)
    out = np.copy(field)
    out[2:-2, 2:-2] -= coefficient * (flux_x[1:] - flux_x[:-1] + flux_y[:, 1:] - flux_y[:, :-1])
    return out


def vertical_advection(w, q, dz, dt):
    """An implicit column solve, all columns at once: a sweep up and a sweep down through the levels."""
    levels = q.shape[2]
    c = np.zeros_like(q)
    d = np.zeros_like(q)
    for k in range(levels):
        a = -0.5 * dt / dz * w[:, :, k]
        if k == 0:
            c[:, :, k] = -a
            d[:, :, k] = q[:, :, k]
        else:
            divisor = 1.0 / (1.0 - a * c[:, :, k - 1])
            c[:, :, k] = -a * divisor
            d[:, :, k] = (q[:, :, k] - a * d[:, :, k - 1]) * divisor
    for k in range(levels - 2, -1, -1):
        d[:, :, k] -= c[:, :, k] * d[:, :, k + 1]
    q[:] = d


def pressure_source(b, u, v, rho, dt, dx, dy):
    """The right-hand side of the pressure equation, from the divergence of the velocity."""
    ux = (u[1:-1, 2:] - u[1:-1, :-2]) / (2 * dx)
    vy = (v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * dy)
    uy = (u[2:, 1:-1] - u[:-2, 1:-1]) / (2 * dy)
    vx = (v[1:-1, 2:] - v[1:-1, :-2]) / (2 * dx)
    b[1:-1, 1:-1] = rho * ((ux + vy) / dt - ux**2 - 2 * uy * vx - vy**2)


def relax_pressure(p, b, dx, dy, sweeps):
    for _ in range(sweeps):
        old = p.copy()
        p[1:-1, 1:-1] = (
            (old[1:-1, 2:] + old[1:-1, :-2]) * dy**2
            + (old[2:, 1:-1] + old[:-2, 1:-1]) * dx**2
            - dx**2 * dy**2 * b[1:-1, 1:-1]
        ) / (2 * (dx**2 + dy**2))
        p[:, -1] = p[:, -2]
        p[0, :] = p[1, :]
        p[:, 0] = p[:, 1]
        p[-1, :] = 0
    return p


def momentum(f, u, v, dt, dx, dy, nu):
    """Upwind advection and diffusion of a component `f` of the velocity, inside."""
    here = f[1:-1, 1:-1]
    return (
        here
        - u[1:-1, 1:-1] * dt / dx * (here - f[1:-1, :-2])
        - v[1:-1, 1:-1] * dt / dy * (here - f[:-2, 1:-1])
        + nu * dt / dx**2 * (f[1:-1, 2:] - 2 * here + f[1:-1, :-2])
        + nu * dt / dy**2 * (f[2:, 1:-1] - 2 * here + f[:-2, 1:-1])
    )


def cavity_flow(u, v, p, steps, sweeps, dt, rho, nu):
    """Navier-Stokes in a box whose lid moves."""
    ny, nx = u.shape
    dx, dy = 2 / (nx - 1), 2 / (ny - 1)
    b = np.zeros((ny, nx))
    for _ in range(steps):
        un, vn = u.copy(), v.copy()
        pressure_source(b, un, vn, rho, dt, dx, dy)
        p = relax_pressure(p, b, dx, dy, sweeps)
        u[1:-1, 1:-1] = momentum(un, un, vn, dt, dx, dy, nu) - dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, :-2])
        v[1:-1, 1:-1] = momentum(vn, un, vn, dt, dx, dy, nu) - dt / (2 * rho * dy) * (p[2:, 1:-1] - p[:-2, 1:-1])
        u[0, :] = u[:, 0] = u[:, -1] = 0
        u[-1, :] = 1
        v[0, :] = v[-1, :] = v[:, 0] = v[:, -1] = 0
    return u, v, p


def channel_flow(u, v, p, force, dt, rho, nu, tolerance):
    """Driven by a body force between two plates, periodic along them; until the flow no longer changes much."""
    ny, nx = u.shape
    dx, dy = 2 / (nx - 1), 2 / (ny - 1)
    change = 1.0
    steps = 0
    while change > tolerance and steps < 15:
        un = u.copy()
        vn = v.copy()
        east, west = np.roll(un, -1, axis=1), np.roll(un, 1, axis=1)
        divergence = (east - west)[1:-1] / (2 * dx) + (vn[2:] - vn[:-2]) / (2 * dy)
        for _ in range(6):
            pn = p.copy()
            sides = np.roll(pn, -1, axis=1) + np.roll(pn, 1, axis=1)
            p[1:-1] = (sides[1:-1] * dy**2 + (pn[2:] + pn[:-2]) * dx**2) / (2 * (dx**2 + dy**2))
            p[1:-1] -= rho * dx**2 * dy**2 / (2 * (dx**2 + dy**2)) * divergence / dt
            p[-1, :], p[0, :] = p[-2, :], p[1, :]
        slope = (np.roll(p, -1, axis=1) - np.roll(p, 1, axis=1))[1:-1]
        u[1:-1] = (
            un[1:-1]
            - un[1:-1] * dt / dx * (un[1:-1] - west[1:-1])
            - vn[1:-1] * dt / dy * (un[1:-1] - un[:-2])
            - dt / (2 * rho * dx) * slope
            + nu * dt * ((east - 2 * un + west)[1:-1] / dx**2 + (un[2:] - 2 * un[1:-1] + un[:-2]) / dy**2)
            + force * dt
        )
        v[1:-1] = (
            vn[1:-1] - dt / (2 * rho * dy) * (p[2:] - p[:-2]) + nu * dt * (vn[2:] - 2 * vn[1:-1] + vn[:-2]) / dy**2
        )
        u[0] = u[-1] = 0
        v[0] = v[-1] = 0
        change = (np.sum(u) - np.sum(un)) / np.sum(u)
        steps += 1
    return steps, change


def game_of_life(cells, generations):
    for _ in range(generations):
        count = np.zeros(cells.shape, dtype=np.int64)
        count[1:-1, 1:-1] = (
            cells[:-2, :-2] + cells[:-2, 1:-1] + cells[:-2, 2:]
            + cells[1:-1, :-2] + cells[1:-1, 2:]
            + cells[2:, :-2] + cells[2:, 1:-1] + cells[2:, 2:]
        )  # fmt: skip
        birth = (count == 3) & (cells == 0)
        survive = ((count == 2) | (count == 3)) & (cells == 1)
        cells[...] = 0
        cells[birth | survive] = 1
    return cells.sum()


def life_by_counting(cells, generations):
    """On a torus, by loops, with a helper inside."""
    rows, columns = cells.shape

    def alive_around(i, j):
        count = 0
        for di in (-1, 0, 1):
            for dj in (-1, 0, 1):
                if (di or dj) and cells[(i + di) % rows, (j + dj) % columns]:
                    count += 1
        return count

    for _ in range(generations):
        new = np.zeros_like(cells)
        for i in range(rows):
            for j in range(columns):
                around = alive_around(i, j)
                new[i, j] = around == 3 or (around == 2 and cells[i, j] == 1)
        cells[:, :] = new


def rule_automaton(first, rule, generations):
    """Elementary cellular automaton; a row of history for each generation."""
    history = np.zeros((generations, len(first)), dtype=np.uint8)
    history[0] = first
    for t in range(1, generations):
        before = history[t - 1]
        for i in range(len(first)):
            pattern = before[i - 1] * 4 + before[i] * 2 + before[(i + 1) % len(first)]
            history[t, i] = (rule >> int(pattern)) & 1
    return history


def reaction_diffusion(U, V, steps, du, dv, feed, kill):
    """Gray-Scott, on the inside of padded arrays through views of them."""
    u, v = U[1:-1, 1:-1], V[1:-1, 1:-1]
    for _ in range(steps):
        lu = U[:-2, 1:-1] + U[1:-1, :-2] - 4 * u + U[1:-1, 2:] + U[2:, 1:-1]
        lv = V[:-2, 1:-1] + V[1:-1, :-2] - 4 * v + V[1:-1, 2:] + V[2:, 1:-1]
        uvv = u * v * v
        u += du * lu - uvv + feed * (1 - u)
        v += dv * lv + uvv - (feed + kill) * v
        for Z in (U, V):
            Z[0, :] = Z[-2, :]
            Z[-1, :] = Z[1, :]
            Z[:, 0] = Z[:, -2]
            Z[:, -1] = Z[:, 1]
    return v


def upwind_burgers(u, dx, dt, steps):
    for _ in range(steps):
        un = u.copy()
        for i in range(1, u.size - 1):
            if un[i] >= 0:
                u[i] = un[i] - un[i] * dt / dx * (un[i] - un[i - 1])
            else:
                u[i] = un[i] - un[i] * dt / dx * (un[i + 1] - un[i])
        u[0], u[-1] = u[-2], u[1]
    return u


def grid(rng, *shape):
    return rng.random(shape)


def cells(rng, *shape):
    return rng.integers(0, 2, shape)


PROGRAMS = [
    program(heat, lambda rng, n: (grid(rng, n, n + 2), 8, 0.1), 3, 9, 50),
    program(heat_loops, lambda rng, n: (grid(rng, n, n + 1), 3, 0.1), 1, 3, 9, 30),
    program(heat_3d, lambda rng, n: (grid(rng, n, n, n), grid(rng, n, n, n), 5), 3, 5, 14),
    program(jacobi_1d, lambda rng, n: (grid(rng, n), grid(rng, n), 20), 2, 3, 9, 300),
    program(seidel_2d, lambda rng, n: (grid(rng, n, n), 3), 2, 3, 9, 30),
    program(red_black, lambda rng, n: (grid(rng, n, n), grid(rng, n, n), 0.1, 4), 3, 4, 9, 30),
    program(laplace_until_still, lambda rng, n: (grid(rng, n, n), 1e-4), 3, 9, 24),
    program(wave, lambda rng, n: (grid(rng, n), grid(rng, n), 0.5, 25), 2, 3, 9, 300),
    program(wave_loops, lambda rng, n: (grid(rng, n), grid(rng, n), 0.5, 7), 2, 3, 9, 200),
    program(fdtd_2d, lambda rng, n: (grid(rng, n, n), grid(rng, n, n), grid(rng, n, n), np.arange(10.0)), 1, 2, 9, 40),
    program(horizontal_diffusion, lambda rng, n: (grid(rng, n, n, 5), grid(rng, n - 4, n - 4, 5)), 5, 6, 9, 24),
    program(vertical_advection, lambda rng, n: (grid(rng, n, n, 8), grid(rng, n, n, 8), 0.5, 0.1), 1, 2, 9, 24),
    program(
        cavity_flow,
        lambda rng, n: (np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n)), 5, 6, 1e-3, 1.0, 0.1),
        3,
        9,
        41,
    ),
    program(
        channel_flow,
        lambda rng, n: (np.zeros((n, n)), np.zeros((n, n)), np.ones((n, n)), 1.0, 0.01, 1.0, 0.1, 1e-2),
        3,
        9,
        41,
    ),
    program(game_of_life, lambda rng, n: (cells(rng, n, n + 3), 6), 1, 3, 9, 40),
    program(life_by_counting, lambda rng, n: (cells(rng, n, n + 1), 2), 1, 3, 9, 16),
    program(rule_automaton, lambda rng, n: (cells(rng, n).astype(np.uint8), 110, 12), 1, 3, 9, 60),
    program(
        reaction_diffusion, lambda rng, n: (grid(rng, n, n), grid(rng, n, n), 6, 0.16, 0.08, 0.06, 0.062), 3, 9, 40
    ),
    program(upwind_burgers, lambda rng, n: (grid(rng, n) - 0.4, 0.1, 0.01, 8), 2, 3, 9, 150),
]
