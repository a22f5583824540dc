// Packing rows of codes into ternary panels; see panels.h.
#include "panels.h"

#include <string.h>

namespace unmask {

void packPanel(const Tensor& tensor, int panel, uint8_t* out, float* scales, PanelScratch* scratch) {
  const int columns = panelColumns(tensor.columns);
  const int block = blockColumns(tensor.type), blocks = block == 0 ? 0 : tensor.columns / block;
  // Code 1 is a weight of zero: what padding must be.
  scratch->codes.assign(static_cast<size_t>(columns) * kPanelRows, 1);
  scratch->scales.resize(static_cast<size_t>(blocks));
  for (int r = 0; r < kPanelRows; r++) {
    const int row = panel * kPanelRows + r;
    if (row < tensor.rows) decodeCodes(tensor, row, &scratch->codes[r * columns], scratch->scales.data());
    if (scales != nullptr)
      for (int b = 0; b < blocks; b++) scales[b * kPanelRows + r] = row < tensor.rows ? scratch->scales[b] : 0.0f;
  }
  packCodes(scratch->codes.data(), columns, out);
}

void packCodes(const uint8_t* codes, int columns, uint8_t* out) {
  for (int k = 0; k < columns; k += 16) {
    for (int r = 0; r < kPanelRows; r++, out += 4) {
      uint32_t quads[4];  // columns k .. k + 15 of the row
      memcpy(quads, codes + static_cast<size_t>(r * columns + k), 16);
      const uint32_t packed = quads[0] | quads[1] << 2 | quads[2] << 4 | quads[3] << 6;
      memcpy(out, &packed, 4);
    }
  }
}

}  // namespace unmask
