// Fields of the settings. Empty means the server's default, which stands there in grey.

import { useEffect, useId, useState } from "preact/hooks";
import { numberIn } from "../state/settings.js";

interface NumberFieldProps {
  label: string;
  hint?: string;
  value: number | null;
  fallback: string;
  least: number;
  most: number;
  step?: number;
  whole?: boolean;
  onChange: (value: number | null) => void;
}

export function NumberField({
  label,
  hint,
  value,
  fallback,
  least,
  most,
  step = 1,
  whole,
  onChange,
}: NumberFieldProps) {
  const id = useId();
  const [text, setText] = useState(value === null ? "" : String(value));
  // Set from elsewhere: back to the defaults.
  useEffect(
    () => setText((before) => (numberIn(before, least, most, whole) === value ? before : show(value))),
    [value],
  );
  const wrong = text.trim() !== "" && numberIn(text, least, most, whole) === null;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        inputMode="decimal"
        min={least}
        max={most}
        step={whole ? 1 : "any"}
        placeholder={fallback}
        value={text}
        aria-invalid={wrong}
        aria-describedby={`${id}-hint`}
        onInput={(event) => {
          setText(event.currentTarget.value);
          onChange(numberIn(event.currentTarget.value, least, most, whole));
        }}
        onKeyDown={(event) => {
          const direction = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
          if (direction === 0 || whole) return;
          event.preventDefault();
          const next = Math.min(most, Math.max(least, (value ?? (Number(fallback) || 0)) + direction * step));
          onChange(Math.round(next * 1e4) / 1e4);
          setText(show(Math.round(next * 1e4) / 1e4));
        }}
      />
      <p id={`${id}-hint`} class={wrong ? "danger" : "muted"}>
        {wrong ? `From ${least} to ${most}${whole ? ", a whole number" : ""}.` : hint}
      </p>
    </div>
  );
}

function show(value: number | null): string {
  return value === null ? "" : String(value);
}

interface SelectFieldProps<T extends string | number> {
  label: string;
  value: T | null;
  fallback: string;
  options: readonly (readonly [value: T, words: string])[];
  onChange: (value: T | null) => void;
}

export function SelectField<T extends string | number>(props: SelectFieldProps<T>) {
  const id = useId();
  const { label, value, fallback, options, onChange } = props;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value === null ? "" : String(value)}
        onChange={(event) => {
          const chosen = options.find(([option]) => String(option) === event.currentTarget.value);
          onChange(chosen === undefined ? null : chosen[0]);
        }}
      >
        <option value="">{fallback}</option>
        {options.map(([option, words]) => (
          <option key={option} value={String(option)}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}
