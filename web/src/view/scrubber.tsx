// Back, forth, play and a slider: for the steps of an answer and for the clock of a race.

import { Icon } from "./icons.js";

interface ScrubberProps {
  label: string;
  value: number;
  max: number;
  /** Of one press of back or forth. */
  step?: number;
  /** The value in words. */
  text: string;
  playing: boolean;
  onChange: (value: number) => void;
  onPlay: () => void;
}

export function Scrubber({ label, value, max, step = 1, text, playing, onChange, onPlay }: ScrubberProps) {
  const go = (to: number) => onChange(Math.max(0, Math.min(max, to)));
  return (
    <fieldset class="scrubber" aria-label={label}>
      <button type="button" class="quiet" aria-label="Step back" disabled={value <= 0} onClick={() => go(value - step)}>
        <Icon name="back" />
      </button>
      <button type="button" class="quiet" aria-label={playing ? "Pause" : "Play"} onClick={onPlay}>
        <Icon name={playing ? "pause" : "play"} />
      </button>
      <button
        type="button"
        class="quiet"
        aria-label="Step forth"
        disabled={value >= max}
        onClick={() => go(value + step)}
      >
        <Icon name="forth" />
      </button>
      <input
        type="range"
        min={0}
        max={max}
        step={step}
        value={value}
        aria-label={label}
        aria-valuetext={text}
        onInput={(event) => go(Number(event.currentTarget.value))}
      />
      <output>{text}</output>
    </fieldset>
  );
}
