import { Controller, Get } from '@nestjs/common';
import { openApiDocument } from './document.js';

/** Says what the HTTP twin of the contract takes and gives. */
@Controller()
export class OpenApiController {
  private readonly document = openApiDocument();

  @Get('openapi.json')
  openApi(): object {
    return this.document;
  }
}
