import { eclairDriver } from './drivers/eclair/driver.ts'
import { register } from './register.ts'

register(eclairDriver)
