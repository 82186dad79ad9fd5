// SPDX-License-Identifier: MIT
// A launch reads, plans, clones and waits: what it allocates on the way it needs until the clone. So it
// is cut off one piece of memory after the other, and only what was cut off last, or is large, is used
// again. That spares a launch nearly all the work of malloc and free. What waits, maybe for days,
// allocates as any program.
#pragma once

namespace nsbox {

/// From here on `new` cuts off. At most 0.5 MB, which is there anyway, and 32 MB more of which only what
/// is used is ever backed; where there is no more, `new` is malloc(3).
void begin_launch_memory();
/// From here on `new` is malloc(3); what was cut off stays as it is, and `delete` knows it.
void end_launch_memory();

}  // namespace nsbox
