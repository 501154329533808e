/* Memory that runs out on demand, in programs linked with FAILING_MALLOC (unit/CMakeLists.txt). */
#ifndef SUPPORT_FAILING_MALLOC_H
#define SUPPORT_FAILING_MALLOC_H

#include <stdbool.h>

/**
 * Let the next @p allocations of this thread succeed and the one after them fail (once).
 *
 * A test walks over every allocation of a call:
 *     for (unsigned n = 0, failed = 1; failed; n++) { failing_malloc_after(n); call(); failed = failing_malloc_stop();
 * }
 */
void failing_malloc_after(unsigned int allocations);
/** Back to normal. @return true when an allocation did fail since failing_malloc_after(). */
bool failing_malloc_stop(void);

#endif
