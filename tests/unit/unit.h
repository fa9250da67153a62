/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What every cmocka test includes, in the order cmocka wants it.
 */
#ifndef COHORT_UNIT_H
#define COHORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
