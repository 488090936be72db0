// Conditions as rows of field, operator and value. The text that they stand for, one condition a line, is in the
// textarea that is sent, and that who has no script edits.
(() => {
  const WITHOUT_VALUE = ["is_null", "is_not_null"];

  const rows = (area) => {
    const operators = JSON.parse(area.dataset.operators);
    const label = document.querySelector(`label[for="${area.id}"]`);
    const list = document.createElement("div");
    list.className = "conditions";
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", label.textContent.trim());
    list.setAttribute("aria-describedby", area.getAttribute("aria-describedby"));

    const write = () => {
      area.value = [...list.querySelectorAll(".condition")].map(line).filter(Boolean).join("\n");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    };

    const line = (row) => {
      const [field, operator, value] = [...row.querySelectorAll("input, select")].map((part) => part.value.trim());
      if (row.dataset.json !== undefined) return field;
      const needsValue = !WITHOUT_VALUE.includes(operator);
      if (!field && (!value || !needsValue)) return "";
      return `${field || '""'} ${operator}${needsValue ? ` ${value}` : ""}`.trim();
    };

    const input = (name, value) => {
      const made = document.createElement("input");
      made.defaultValue = value;
      made.autocomplete = "off";
      made.spellcheck = false;
      made.disabled = area.disabled;
      made.setAttribute("aria-label", name);
      made.addEventListener("input", write);
      return made;
    };

    const add = (text) => {
      const row = document.createElement("div");
      row.className = "condition";
      const number = list.querySelectorAll(".condition").length + 1;
      if (text.startsWith("{")) {
        row.dataset.json = "";
        row.append(input(`Condition ${number}: alternatives`, text));
      } else {
        const [, field, operator = "eq", value = ""] = /^(\S*)\s*(\S+)?\s*(.*)$/.exec(text);
        const named = input(`Condition ${number}: field`, field);
        named.setAttribute("list", "landed-fields");
        named.placeholder = "Field";
        named.addEventListener("focus", () => document.getElementById("landed-fields")?.dispatchEvent(new Event("wanted")));
        const choice = document.createElement("select");
        choice.disabled = area.disabled;
        choice.setAttribute("aria-label", `Condition ${number}: comparison`);
        for (const [name, words] of operators) choice.add(new Option(words, name, name === operator, name === operator));
        const given = input(`Condition ${number}: value`, value);
        const show = () => {
          given.hidden = WITHOUT_VALUE.includes(choice.value);
          given.placeholder = ["in", "not_in"].includes(choice.value) ? "Values, between commas" : "Value";
        };
        choice.addEventListener("change", () => {
          show();
          write();
        });
        show();
        row.append(named, choice, given);
      }
      if (!area.disabled) {
        const remove = document.createElement("button");
        remove.type = "button";
        remove.className = "button small";
        remove.textContent = "Remove";
        remove.setAttribute("aria-label", `Remove condition ${number}`);
        remove.addEventListener("click", () => {
          row.remove();
          write();
          more.focus();
        });
        row.append(remove);
      }
      list.insertBefore(row, more);
      return row;
    };

    const more = document.createElement("button");
    more.type = "button";
    more.className = "button small";
    more.textContent = "Add a condition";
    more.disabled = area.disabled;
    more.addEventListener("click", () => add("").querySelector("input").focus());
    list.append(more);
    for (const text of area.value.split("\n").map((each) => each.trim()).filter(Boolean)) add(text);
    area.hidden = true;
    area.before(list);
  };

  const start = () => {
    for (const area of document.querySelectorAll("textarea[data-operators]:not([hidden])")) rows(area);
  };
  document.addEventListener("htmx:afterSettle", start);
  start();
})();
