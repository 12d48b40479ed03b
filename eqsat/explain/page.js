"use strict";
(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  document.documentElement.classList.add("scripted");

  // Tabs -------------------------------------------------------------------------------------------------------
  const tabs = all("[role=tab]");
  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  const opened = new Set();
  function select(tab, focus) {
    for (const other of tabs) {
      const mine = other === tab;
      other.setAttribute("aria-selected", String(mine));
      other.tabIndex = mine ? 0 : -1;
      panelOf(other).hidden = !mine;
    }
    if (focus) tab.focus();
    const name = tab.getAttribute("aria-controls");
    if (name === "graph" && drawing && !opened.has(name)) drawing.begin();
    opened.add(name);
  }
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => select(tab, false));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      select(tabs[(to + tabs.length) % tabs.length], true);
    });
  });

  // What belongs together --------------------------------------------------------------------------------------
  let kept = [];
  let shown = [];
  const marksOf = (element) => (element.dataset.shows || "").split(" ").filter(Boolean);
  function light(marks) {
    if (marks.join(" ") === shown.join(" ")) return;
    shown = marks;
    for (const element of all(".lit")) element.classList.remove("lit");
    for (const mark of marks)
      for (const element of all(`[data-lit~="${mark}"]`)) element.classList.add("lit");
    for (const tab of tabs) {
      const count = all(".lit", panelOf(tab)).length;
      if (count) tab.dataset.count = count;
      else delete tab.dataset.count;
    }
  }
  const pointed = (event) => event.target.closest && event.target.closest("[data-shows]");
  function over(event) {
    const element = pointed(event);
    light(element ? marksOf(element) : kept);
  }
  function keep(element) {
    const marks = marksOf(element);
    const again = marks.join(" ") === kept.join(" ");
    kept = again ? [] : marks;
    light([]);
    light(kept);
    if (again) return;
    const places = [one("[role=tabpanel]:not([hidden])"), one("#source")];
    for (const place of places.filter((place) => place && !place.contains(element))) {
      const first = one(".lit", place);
      if (first) first.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }
  document.addEventListener("mouseover", over);
  document.addEventListener("focusin", over);
  document.addEventListener("focusout", () => light(kept));
  document.addEventListener("mouseleave", () => light(kept));
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link) {
      event.preventDefault(); // within a notebook's frame, "#" would mean the notebook
      const target = document.getElementById(link.getAttribute("href").slice(1));
      if (target) target.scrollIntoView({ block: "start" });
      if (target) target.focus({ preventScroll: true });
    }
    const element = pointed(event);
    if (element && !event.target.closest("summary, button, select, input") && !String(getSelection())) keep(element);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      kept = [];
      light(kept);
    } else if ((event.key === "Enter" || event.key === " ") && event.target.matches("[data-shows]")) {
      event.preventDefault();
      keep(event.target);
    }
  });

  // The e-graph ------------------------------------------------------------------------------------------------
  const FEW = 200; // classes that are drawn at once
  const WAYS = 6; // alternatives that are drawn in a box
  const [LETTER, LINE, GAP, LAYER] = [7.3, 17, 22, 54];

  /** Numbers of layers: a class stands above everything that it is made of, but where that leads back to itself. */
  function layered(numbers, below) {
    const state = new Map();
    const order = [];
    const back = new Set();
    for (const start of numbers) {
      if (state.has(start)) continue;
      state.set(start, 1);
      const stack = [[start, 0]];
      while (stack.length) {
        const top = stack[stack.length - 1];
        const next = below(top[0])[top[1]++];
        if (next === undefined) {
          state.set(top[0], 2);
          order.push(top[0]);
          stack.pop();
        } else if (!state.has(next)) {
          state.set(next, 1);
          stack.push([next, 0]);
        } else if (state.get(next) === 1) back.add(`${top[0]} ${next}`);
      }
    }
    const layer = new Map(numbers.map((number) => [number, 0]));
    for (const number of order.reverse())
      for (const arg of below(number))
        if (!back.has(`${number} ${arg}`)) layer.set(arg, Math.max(layer.get(arg), layer.get(number) + 1));
    return layer;
  }

  /** Places of boxes: layers from above, in each the order with few crossings, near to the neighbours. */
  function placed(numbers, below, size) {
    const layer = layered(numbers, below);
    const rows = [];
    for (const number of numbers) (rows[layer.get(number)] ||= []).push(number);
    const above = new Map(numbers.map((number) => [number, []]));
    for (const number of numbers) for (const arg of below(number)) above.get(arg).push(number);
    const x = new Map();
    const pack = (row) => {
      let right = 0;
      for (const number of row) {
        x.set(number, right + size(number).width / 2);
        right += size(number).width + GAP;
      }
      for (const number of row) x.set(number, x.get(number) - (right - GAP) / 2);
    };
    rows.forEach(pack);
    const mean = (number, neighbours) => {
      const found = neighbours.filter((other) => layer.get(other) !== layer.get(number));
      return found.length ? found.reduce((sum, other) => sum + x.get(other), 0) / found.length : x.get(number);
    };
    for (let turn = 0; turn < 10; turn++) {
      const down = turn % 2 === 0;
      const inTurn = down ? rows : [...rows].reverse();
      for (const row of inTurn) {
        const wish = new Map(row.map((number) => [number, mean(number, down ? above.get(number) : below(number))]));
        row.sort((a, b) => wish.get(a) - wish.get(b));
        let right = -Infinity;
        let shift = 0;
        for (const number of row) {
          const half = size(number).width / 2;
          const place = Math.max(wish.get(number), right + half);
          x.set(number, place);
          shift += wish.get(number) - place;
          right = place + half + GAP;
        }
        for (const number of row) x.set(number, x.get(number) + shift / row.length);
      }
    }
    const places = new Map();
    let y = 0;
    for (const row of rows) {
      for (const number of row) places.set(number, { x: x.get(number), y });
      y += Math.max(...row.map((number) => size(number).height)) + LAYER;
    }
    return places;
  }

  const time = (cost) => {
    if (cost === null) return "no way without itself";
    for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["us", 1e3]])
      if (cost >= size) return `${Number((cost / size).toPrecision(3))} ${unit}`;
    return `${Number(cost.toPrecision(3))} ns`;
  };
  const svgElement = (name, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const element = (name, attributes, ...children) => {
    const made = document.createElement(name);
    Object.assign(made, attributes);
    made.append(...children);
    return made;
  };

  function picture(graphs) {
    const svg = one("#svg");
    const aside = one("#class");
    let graph = null;
    let visible = new Set();
    let open = null;
    let view = { x: 0, y: 0, width: 100, height: 100 };
    let places = new Map();
    let sought = [];
    let seen = -1;

    const box = (number) => graph.boxes[number];
    const heading = (number) => `#${number}  ${box(number).type}`;
    const only = () => one("#only").checked;
    const ways = (number) => box(number).ways.filter((way) => !only() || way[3]);
    const argsOf = (number) => [...new Set(ways(number).flatMap((way) => way[1]))].filter((arg) => arg !== number);
    const below = (number) => argsOf(number).filter((arg) => visible.has(arg));
    const missing = (number) => argsOf(number).filter((arg) => box(arg) && !box(arg).leaf && !visible.has(arg));

    function near(limit) {
      const found = new Set(graph.roots);
      const waiting = [...found];
      while (waiting.length && found.size < limit)
        for (const arg of argsOf(waiting.shift()))
          if (box(arg) && !box(arg).leaf && !found.has(arg) && found.size < limit) {
            found.add(arg);
            waiting.push(arg);
          }
      return found;
    }
    const lines = (number) => {
      const found = ways(number);
      const drawn = found.length > WAYS ? [...found].sort((a, b) => b[3] - a[3]).slice(0, WAYS) : found;
      return { drawn, left: found.length - drawn.length };
    };
    const size = (number) => {
      const { drawn, left } = lines(number);
      const letters = Math.max(...drawn.map((way) => Math.min(way[0].length, 30)), heading(number).length * 0.85, 4);
      return { width: letters * LETTER + 18, height: 20 + LINE * (drawn.length + (left ? 1 : 0)) + 4 };
    };

    function draw() {
      const numbers = [...visible].filter((number) => ways(number).length);
      visible = new Set(numbers);
      places = placed(numbers, below, size);
      svg.replaceChildren();
      const edges = svgElement("g", {});
      svg.append(edges);
      for (const number of numbers) {
        const from = places.get(number);
        const { width, height } = size(number);
        const chosen = new Set(ways(number).filter((way) => way[3]).flatMap((way) => way[1]));
        for (const arg of below(number)) {
          const to = places.get(arg);
          const [x1, y1, x2, y2] = [from.x, from.y + height, to.x, to.y];
          const bend = Math.max(24, Math.abs(y2 - y1) / 2);
          const path = `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
          const edge = svgElement("path", { d: path, class: chosen.has(arg) ? "edge chosen" : "edge" });
          edge.dataset.ends = `${number} ${arg}`;
          edges.append(edge);
        }
        const used = ways(number).some((way) => way[3]);
        const made = svgElement("g", {
          class: `box${used ? " used" : ""}${box(number).kept ? " kept" : ""}`,
          transform: `translate(${from.x - width / 2} ${from.y})`,
          tabindex: "0",
          role: "button",
          "aria-label": `class ${number}, ${box(number).type}: ${ways(number).map((way) => way[0]).join(" or ")}`,
        });
        made.dataset.number = number;
        if (box(number).lit.length) {
          made.dataset.shows = box(number).shows.join(" ");
          made.dataset.lit = box(number).lit.join(" ");
        }
        made.append(svgElement("rect", { class: "frame", width, height, rx: 6 }));
        made.append(svgElement("text", { class: "type", x: 9, y: 13 }, heading(number)));
        const { drawn, left } = lines(number);
        drawn.forEach((way, place) => {
          const y = 20 + LINE * place;
          if (way[3]) made.append(svgElement("rect", { class: "bar", x: 3, y, width: width - 6, height: LINE, rx: 3 }));
          const label = way[0].length > 30 ? `${way[0].slice(0, 29)}…` : way[0];
          made.append(svgElement("text", { class: way[4] ? "written" : "", x: 9, y: y + 12.5 }, label));
        });
        const more = [...(left ? [`${left} more ways`] : []), ...(missing(number).length ? ["…"] : [])].join(" ");
        if (more) made.append(svgElement("text", { class: "more", x: 9, y: height - (left ? 8 : -11) }, more));
        svg.append(made);
      }
      const left = numbers.some((number) => missing(number).length);
      const leaves = Object.values(graph.boxes).filter((found) => found.leaf).length;
      one("#extent").textContent =
        `${numbers.length} of ${graph.all} classes are drawn${graph.rows ? ` (${graph.rows} rows in the e-graph)` : ""}. ` +
        (leaves ? `${leaves} are numbers and arguments, which stand in the lines that use them. ` : "") +
        (left ? "Open a class to draw what it is made of. " : "") + "Search finds what is not drawn, too. " +
        (Object.keys(graph.boxes).length < graph.all ? "The farthest classes are left out to keep the page small. " : "") +
        `Rules: ${graph.stop}.`;
      mark();
    }
    function mark() {
      for (const made of all(".box", svg)) {
        const number = Number(made.dataset.number);
        made.classList.toggle("open", number === open);
        made.classList.toggle("hit", sought.includes(number));
      }
      for (const edge of all(".edge", svg))
        edge.classList.toggle("near", open !== null && edge.dataset.ends.split(" ").includes(String(open)));
    }
    function look() {
      svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    }
    function fit(most) {
      let [left, right, bottom] = [Infinity, -Infinity, 0];
      for (const [number, place] of places) {
        left = Math.min(left, place.x - size(number).width / 2);
        right = Math.max(right, place.x + size(number).width / 2);
        bottom = Math.max(bottom, place.y + size(number).height);
      }
      const [width, height] = [Math.max(right - left, 1), Math.max(bottom, 1)];
      const frame = svg.getBoundingClientRect();
      const scale = Math.min(Math.max(width / (frame.width || 1), height / (frame.height || 1)), most);
      const across = Math.max(frame.width * scale, 1);
      const upright = Math.max(frame.height * scale, 1);
      // What is too wide is shown from its first result on.
      const middle = right - left > across && places.get(graph.roots[0]) ? places.get(graph.roots[0]).x : (left + right) / 2;
      view = { x: middle - across / 2 - 6, y: -14, width: across + 12, height: upright + 28 };
      look();
    }
    function zoom(factor, cx = view.x + view.width / 2, cy = view.y + view.height / 2) {
      const by = Math.min(Math.max(view.width * factor, 60), 60000) / view.width;
      view = {
        x: cx - (cx - view.x) * by, y: cy - (cy - view.y) * by, width: view.width * by, height: view.height * by,
      };
      look();
    }
    function centre(number) {
      const place = places.get(number);
      if (!place) return;
      view.x = place.x - view.width / 2;
      view.y = place.y + size(number).height / 2 - view.height / 2;
      look();
    }

    function go(number) {
      if (!visible.has(number)) {
        visible.add(number);
        for (const [other, { ways: found }] of Object.entries(graph.boxes))
          if (visible.size < 4 * FEW && found.some((way) => way[1].includes(number)) && visible.size < FEW)
            visible.add(Number(other));
        draw();
      }
      centre(number);
      tell(number);
    }
    function tell(number) {
      open = number;
      const found = box(number);
      const sources = [...new Set(found.shows)].map((name) => one(`.place[data-shows="${name}"]`)).filter(Boolean);
      const items = [...found.ways]
        .sort((a, b) => (a[2] ?? Infinity) - (b[2] ?? Infinity))
        .map((way) =>
          element(
            "li",
            { className: way[3] ? "chosen" : "" },
            element("code", {}, way[0]),
            " ",
            ...[...new Set(way[1])].filter((arg) => arg !== number).map((arg) =>
              box(arg)
                ? element("button", { type: "button", title: box(arg).ways[0][0], onclick: () => go(arg) }, `#${arg}`)
                : `#${arg} `,
            ),
            element("small", {}, [time(way[2]), way[3] && "chosen", way[4] && "as written"].filter(Boolean).join(" · ")),
          ),
        );
      const hidden = missing(number);
      aside.replaceChildren(
        element("h3", {}, `Class #${number}`),
        element("p", { className: "note" }, found.type + (found.kept ? ", kept in memory" : "")),
        ...(sources.length
          ? [element("p", {}, "In the source: ", ...sources.flatMap((s) => [element("code", {}, s.textContent), " "]))]
          : []),
        element("p", {}, `${found.ways.length} way${found.ways.length > 1 ? "s" : ""}, cheapest first:`),
        element("ol", {}, ...items),
        ...(found.rules.length
          ? [element("p", {}, `Rules that fired here: ${found.rules.map((rule) => graph.rules[rule]).join(", ")}`)]
          : []),
        ...(hidden.length
          ? [element("button", { type: "button", id: "expand", onclick: () => expand(number, hidden) },
              `draw ${hidden.length} more that it is made of`)]
          : []),
        element("p", { className: "note" }, "Costs count everything that a way is made of, what is shared each time."),
      );
      mark();
    }
    function expand(number, hidden) {
      hidden.forEach((arg) => visible.add(arg));
      draw();
      centre(number);
      tell(number);
    }

    function search(text) {
      const wanted = text.trim().toLowerCase();
      seen = -1;
      sought = [];
      if (wanted)
        for (const [number, found] of Object.entries(graph.boxes)) {
          const texts = [found.type, `#${number}`, ...found.ways.map((way) => way[0]),
            ...found.rules.map((rule) => graph.rules[rule])];
          if (texts.some((one) => one.toLowerCase().includes(wanted))) sought.push(Number(number));
        }
      one("#hits").textContent = wanted ? `${sought.length} found; Enter goes through them` : "";
      mark();
    }

    function start(number) {
      graph = graphs[number];
      open = null;
      search(one("#search").value);
      aside.replaceChildren(
        element("p", { className: "note" }, "Click a class to see its alternatives and what they cost."),
      );
      again();
    }
    function again() {
      visible = near(FEW);
      draw();
      fit(1.4); // letters can be read; what is farther down is moved to
    }

    // Hands -----------------------------------------------------------------------------------------------------
    let drag = null;
    let moved = false;
    svg.addEventListener("pointerdown", (event) => {
      drag = { x: event.clientX, y: event.clientY, view: { ...view } };
      moved = false;
    });
    addEventListener("pointermove", (event) => {
      if (!drag) return;
      const scale = drag.view.width / (svg.clientWidth || 1);
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (Math.abs(dx) + Math.abs(dy) > 4) moved = true;
      view.x = drag.view.x - dx * scale;
      view.y = drag.view.y - dy * scale;
      if (moved) look();
    });
    addEventListener("pointerup", () => (drag = null));
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !svg.contains(document.activeElement)) return; // the page is scrolled past
      event.preventDefault();
      const frame = svg.getBoundingClientRect();
      const cx = view.x + ((event.clientX - frame.left) / frame.width) * view.width;
      const cy = view.y + ((event.clientY - frame.top) / frame.height) * view.height;
      zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, cx, cy);
    }, { passive: false });
    svg.addEventListener("click", (event) => {
      const made = event.target.closest(".box");
      if (made && !moved) tell(Number(made.dataset.number));
      if (moved) event.stopPropagation();
    });
    svg.addEventListener("keydown", (event) => {
      const made = event.target.closest(".box");
      if (made && (event.key === "Enter" || event.key === " ")) {
        event.preventDefault();
        tell(Number(made.dataset.number));
        return;
      }
      const step = view.width / 12;
      const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
      if (by) {
        event.preventDefault();
        view.x += by[0];
        view.y += by[1];
        look();
      } else if (event.key === "+" || event.key === "=") zoom(1 / 1.2);
      else if (event.key === "-") zoom(1.2);
      else if (event.key === "0") fit(Infinity);
    });
    one("#closer").addEventListener("click", () => zoom(1 / 1.3));
    one("#farther").addEventListener("click", () => zoom(1.3));
    one("#fit").addEventListener("click", () => fit(Infinity));
    one("#only").addEventListener("change", again);
    one("#search").addEventListener("input", (event) => search(event.target.value));
    one("#search").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !sought.length) return;
      event.preventDefault();
      seen = (seen + (event.shiftKey ? sought.length - 1 : 1)) % sought.length;
      go(sought[seen]);
      one("#hits").textContent = `${seen + 1} of ${sought.length}`;
    });
    const choice = one("#stretch");
    graphs.forEach((_, number) => choice.append(element("option", { value: number }, String(number + 1))));
    choice.parentElement.hidden = graphs.length < 2;
    choice.addEventListener("change", () => start(Number(choice.value)));
    one("#drawing").hidden = false;
    return { begin: () => start(0) };
  }

  const data = one("#graphs");
  const drawing = data ? picture(JSON.parse(data.textContent)) : null;
  select(tabs[0], false);
})();
