// Packing rows of codes into ternary panels; the layout is TernaryWeight's in kernels.h.
#pragma once

#include <stdint.h>

#include <vector>

#include "kernels.h"
#include "tensor.h"

namespace unmask {

/** Columns of the panels of a matrix: padded so that activations come in whole cache lines. */
inline int panelColumns(int columns) { return roundUp(columns, kGroup); }

inline int panelCount(int rows) { return roundUp(rows, kPanelRows) / kPanelRows; }

inline size_t panelBytes(int columns) { return static_cast<size_t>(panelColumns(columns)) * kPanelRows / 4; }

/** Room to work in, one per thread. */
struct PanelScratch {
  std::vector<uint8_t> codes;  // [32][panelColumns]
  std::vector<float> scales;   // of one row
};

/**
 * Writes panel `panel` of a ternary tensor: panelBytes at `out`, and the blocks' scales
 * [columns / blockColumns][32] at `scales` unless that is null.
 */
void packPanel(const Tensor& tensor, int panel, uint8_t* out, float* scales, PanelScratch* scratch);

/** The same from codes [32][columns], values 0 to 3; columns a multiple of kGroup. */
void packCodes(const uint8_t* codes, int columns, uint8_t* out);

}  // namespace unmask
