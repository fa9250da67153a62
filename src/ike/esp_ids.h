/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ESP transforms as the IPsec DOI numbers them (RFC 2407 4.4.4 and 4.5, RFC
 * 3602, 4106, 4543, 4868). GDOI took the numbers over.
 */
#ifndef COHORT_ESP_IDS_H
#define COHORT_ESP_IDS_H

#include "base/sa.h"

enum esp_attr {
	ESP_A_LIFE_TYPE = 1,
	ESP_A_LIFE = 2,
	ESP_A_GROUP = 3,
	ESP_A_ENCAPS = 4,
	ESP_A_AUTH = 5,
	ESP_A_KEY_LENGTH = 6,
};
enum esp_life_type { ESP_LIFE_SECONDS = 1, ESP_LIFE_KILOBYTES = 2 };

#define ESP_ID_NONE 255 /* there is no such algorithm here */

uint8_t esp_cipher_of(uint64_t id);
uint8_t esp_auth_of(uint64_t id);
/* Of enum esp_cipher; of enum esp_auth but NONE. */
uint8_t esp_cipher_id(uint8_t cipher);
uint8_t esp_auth_id(uint8_t auth);
/* Every combination that ESP can run, and no other. */
bool esp_transform_ok(const struct esp_transform *) MUST_USE;

#endif
